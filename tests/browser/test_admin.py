"""The admin as staff meet it: the pages about orders, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop
from tests.browser.shopper import Shopper
from tests.browser.test_looks import MAKE_ORDERS, SIZES, order_something
from tests.browser.test_storefront import be_strict

pytestmark = pytest.mark.browser


def sign_in(page: Page) -> None:
    page.goto("/admin/login/?next=/admin/stripe_cart/order/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill("staff")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Select order to view")).to_be_visible()


@pytest.fixture
def order_list(open_page: Callable[..., Page], shop: Shop) -> Page:
    """Staff at the list of orders, in a browser that takes nothing inline."""
    page = open_page()
    be_strict(page, shop)
    sign_in(page)
    return page


def test_a_part_of_an_order_is_refunded(shopper: Shopper, order_list: Page) -> None:
    order_something(shopper)
    order_list.reload()
    order_list.locator("#result_list .field-number a").first.click()

    order_list.get_by_role("link", name="Refund").click()
    order_list.get_by_label("Amount in INR").fill("100.50")
    order_list.get_by_label("Reason").fill("One arrived chipped")
    order_list.get_by_role("button", name="Refund").click()

    expect(order_list.get_by_text("₹100.50 refunded.")).to_be_visible()
    expect(order_list.get_by_text("One arrived chipped")).to_be_visible()
    expect(order_list.get_by_role("listitem").filter(has_text="Refund of ₹100.50")).to_contain_text(
        "Staff: staff"
    )


def test_orders_are_ticked_and_fulfilled(shopper: Shopper, order_list: Page) -> None:
    order_something(shopper)
    order_list.reload()
    order_list.locator("#result_list tr", has_text="Paid").first.get_by_role("checkbox").check()

    order_list.locator("select[name=action]").select_option(
        label="Mark selected orders as completed"
    )
    order_list.get_by_role("button", name=re.compile("Go|Run")).click()  # Django 5.2, Django 6.1
    order_list.get_by_role("button", name="Mark as completed").click()

    expect(order_list.get_by_text(": completed.")).to_be_visible()


@pytest.fixture(scope="module")
def year_of_orders(shop: Shop, sessions: Iterator[str]) -> None:
    shop.run(MAKE_ORDERS.format(session=next(sessions)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", SIZES)
def test_every_page_fits_its_screen(
    open_page: Callable[..., Page],
    year_of_orders: None,
    shop: Shop,
    device: str,
    scheme: str,
) -> None:
    page = open_page(*SIZES[device], color_scheme=scheme)
    be_strict(page, shop)
    sign_in(page)
    page.locator("#result_list .field-number a").first.click()
    page.wait_for_url("**/change/")
    address = page.url.removesuffix("change/")

    for name, where in {
        "orders": "/admin/stripe_cart/order/",
        "order": f"{address}change/",
        "refund": f"{address}refund/",
        "sales": "/admin/stripe_cart/order/sales/",
        "issues": "/admin/stripe_cart/orderissue/",
        "webhook events": "/admin/stripe_cart/webhookevent/",
        "front page": "/admin/",
        "products": "/admin/stripe_cart/product/",
    }.items():
        page.goto(where)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


def test_on_a_phone_a_price_is_seen_whole_in_the_list(
    open_page: Callable[..., Page], shop: Shop
) -> None:
    page = open_page(*SIZES["phone"])
    sign_in(page)
    page.goto("/admin/stripe_cart/product/")
    price = page.locator("#result_list .field-price input[type=number]").first
    price.fill("16750.00")

    assert price.evaluate("input => input.scrollWidth <= input.clientWidth")
    assert price.evaluate("input => getComputedStyle(input).appearance") == "textfield"
    expect(page.locator("#result_list .field-price").first).to_contain_text("INR")
