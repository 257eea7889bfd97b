"""The shop on a desk and on a phone, in the light and the dark theme: every view fits its screen.

``SCREENSHOTS=1`` writes a picture of each view to ``var/screenshots``, and renews those in
``docs/screenshots``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

pytest.importorskip("playwright")

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Shop, Watch
from tests.browser.shopper import Shopper, wait_until_idle

pytestmark = pytest.mark.browser

PICTURES = ROOT / "var" / "screenshots"
PICTURES_OF_THE_DOCS = ROOT / "docs" / "screenshots"
SIZES = {"desk": (1280, 800), "phone": (360, 740)}
LOOKS = [(device, scheme) for device in SIZES for scheme in ("light", "dark")]
# Views that are rarely seen are tried in one theme on each screen.
TWO_LOOKS = [("desk", "light"), ("phone", "dark")]

# A year of orders, one in each state and more than a page holds.
MAKE_ORDERS = """
from datetime import timedelta
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django_stripe_cart.models import Order, OrderEvent, OrderItem, Product

user = SessionStore({session!r})["_auth_user_id"]
lamp, mug = Product.objects.get(slug="dusk-lamp"), Product.objects.get(slug="monsoon-mug")
states = ["fulfilled"] * 5 + ["canceled", "expired", "failed", "refunded", "processing", "paid"]
first = timezone.now() - timedelta(days=30 * len(states))
for number, status in enumerate(states):
    total = 549000 + 84900 * number
    order = Order.objects.create(
        user_id=user, currency="inr", total=total, status=status, synced_at=timezone.now()
    )
    placed = first + timedelta(days=30 * number, minutes=731 * number)
    Order.objects.filter(pk=order.pk).update(placed_at=placed)
    if status in ("fulfilled", "paid", "refunded"):
        Order.objects.filter(pk=order.pk).update(amount_paid=total, paid_at=placed)
    if status == "refunded":
        Order.objects.filter(pk=order.pk).update(amount_refunded=total)
    lines = [(lamp, 549000, 1)] + [(mug, 84900, number)] * bool(number)
    for product, unit_amount, quantity in lines:
        OrderItem.objects.create(
            order=order, product=product, sku=product.slug, name=product.name,
            unit_amount=unit_amount, quantity=quantity, stock_taken=0,
        )
    steps = ["pending"] + ["paid"] * (status in ("fulfilled", "refunded")) + [status]
    for minutes, (before, after) in enumerate(zip([""] + steps, steps)):
        event = OrderEvent.objects.create(
            order=order, kind="synced", source="sync", from_status=before, to_status=after
        )
        OrderEvent.objects.filter(pk=event.pk).update(created=placed + timedelta(minutes=minutes))
    print(status, order.get_absolute_url())
"""


@pytest.mark.parametrize(("device", "scheme"), LOOKS)
def test_every_view_fits_its_screen(
    open_page: Callable[..., Page], enter: Callable[[Page], Shopper], device: str, scheme: str
) -> None:
    page = open_page(*SIZES[device], color_scheme=scheme, has_touch=device == "phone")
    shopper = enter(page)
    look = partial(look_at, page, f"{device}-{scheme}")

    order_something(shopper)
    without_messages(page)
    look("order")
    page.emulate_media(media="print")
    look("order-printed")
    page.emulate_media(media="screen")

    page.goto("/")
    wait_until_idle(page)
    look("storefront")
    shopper.add("Monsoon Mug", 2)
    shopper.add("Field Notebook")
    shopper.add("Dusk Lamp")
    without_messages(page)
    shopper.open_cart()
    wait_until_idle(page)
    look("cart")
    shopper.check_out()
    look("payment")
    shopper.return_without_payment()
    shopper.open_orders()
    expect(shopper.orders).to_contain_text("Awaiting payment")
    look("orders")


@pytest.mark.parametrize(("device", "scheme"), TWO_LOOKS)
def test_every_state_of_the_cart_fits_its_screen(
    open_page: Callable[..., Page],
    enter: Callable[[Page], Shopper],
    shop: Shop,
    watch: Watch,
    device: str,
    scheme: str,
) -> None:
    page = open_page(*SIZES[device], color_scheme=scheme, has_touch=device == "phone")
    look = partial(look_at, page, f"{device}-{scheme}")
    page.goto("/accounts/login/")
    look("sign-in")
    for name in shop.serve_errors(page):
        page.goto(f"/{name}")
        look(f"error-{name.removesuffix('.html')}")
    shop.execute("UPDATE stripe_cart_product SET stock = 0 WHERE slug = 'field-notebook'")
    shop.execute("UPDATE stripe_cart_product SET stock = 2 WHERE slug = 'dusk-lamp'")
    shopper = enter(page)
    shopper.product("Field Notebook").scroll_into_view_if_needed()
    look("storefront-sold-out")
    page.goto("/")
    shopper.open_cart()
    look("cart-empty")
    shopper.close(shopper.cart)
    shopper.add("Monsoon Mug", 2)
    wait_until_idle(page)
    look("added")

    for name in ("Sunrise Tote", "Terrazzo Planter", "Reading Chair"):
        shopper.add(name)
    without_messages(page)
    shopper.open_cart()
    shopper.cart.get_by_role("button", name="Remove Sunrise Tote").click()
    expect(shopper.cart).to_contain_text("Removed “Sunrise Tote”.")
    wait_until_idle(page)
    look("cart-removed")
    shopper.quantity("Reading Chair").fill("3")
    expect(shopper.cart.get_by_role("alert")).to_be_visible()
    look("cart-refused")

    shop.execute("UPDATE stripe_cart_product SET price = 1799 WHERE slug = 'terrazzo-planter'")
    shopper.cart.get_by_role("button", name="Checkout").click()
    expect(shopper.message("“Terrazzo Planter” now costs")).to_be_visible()
    look("cart-changed")

    page.route("**/cart/item/", lambda route: route.abort())
    shopper.quantity("Monsoon Mug").fill("3")
    expect(shopper.cart.get_by_role("button", name="Try again")).to_be_visible()
    look("cart-unreachable")
    page.unroute("**/cart/item/")
    watch.complaints.clear()

    shop.execute("UPDATE stripe_cart_product SET is_active = 0 WHERE slug = 'terrazzo-planter'")
    shop.execute("UPDATE stripe_cart_product SET stock = 1 WHERE slug = 'monsoon-mug'")
    page.goto("/shop/cart/")
    expect(page.get_by_role("main").get_by_role("button", name="Checkout")).to_be_disabled()
    wait_until_idle(page)
    look("cart-to-settle")


@pytest.mark.parametrize(("device", "scheme"), TWO_LOOKS)
def test_every_state_of_an_order_fits_its_screen(
    open_page: Callable[..., Page],
    enter: Callable[[Page], Shopper],
    shop: Shop,
    device: str,
    scheme: str,
) -> None:
    page = open_page(*SIZES[device], color_scheme=scheme, has_touch=device == "phone")
    shopper = enter(page)
    look = partial(look_at, page, f"{device}-{scheme}")
    shopper.open_orders()
    look("orders-empty")

    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    made = shop.run(MAKE_ORDERS.format(session=cookies["sessionid"])).splitlines()
    for status, url in dict(line.split() for line in made).items():
        if status != "paid":  # that one was really paid for, above
            page.goto(url)
            look(f"order-{status}")
    page.goto("/shop/orders/")
    page.get_by_role("link", name="Older").scroll_into_view_if_needed()
    look("orders-paged")

    page.goto("/")
    shopper.add("Field Notebook", 3)
    shopper.open_cart()
    shopper.check_out()
    shopper.pay("4000 0000 0000 0002")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    look("payment-declined")
    page.goto("/#orders")
    shopper.orders.get_by_role("link", name=re.compile("^Order ")).first.click()
    expect(shopper.orders.get_by_role("button", name="Pay now")).to_be_visible()
    look("orders-detail")
    address = shopper.orders.get_by_role("link", name="Refresh status").get_attribute("href")
    for name, query in {"pending": "", "confirming": "?refresh=0", "unsure": "?refresh=5"}.items():
        page.goto(f"{address}{query}")
        look(f"order-{name}")


@pytest.mark.parametrize(("device", "scheme"), TWO_LOOKS)
def test_other_readers_have_a_shop_that_fits(
    open_page: Callable[..., Page], enter: Callable[[Page], Shopper], device: str, scheme: str
) -> None:
    look: Any
    for name, options in {
        "german": {"locale": "de-DE"},
        "arabic": {"locale": "ar"},
        "no-script": {"java_script_enabled": False},
    }.items():
        page = open_page(*SIZES[device], color_scheme=scheme, **options)
        look = partial(look_at, page, f"{device}-{scheme}")
        enter(page)
        if name == "arabic":
            look(f"storefront-{name}")
        for card in (0, 3):
            with page.expect_response("**/cart/add/"):
                page.locator("article").nth(card).locator("button[type=submit]").click()
        page.goto("/shop/cart/")
        page.wait_for_load_state("networkidle")
        look(f"cart-{name}")


ALL_IN_SIGHT_ARE_THERE = """() => [...document.images]
  .filter((image) => image.checkVisibility() && image.getBoundingClientRect().top < innerHeight)
  .every((image) => image.complete && image.naturalWidth)"""


def look_at(page: Page, suffix: str, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    if os.environ.get("SCREENSHOTS") == "1":
        page.wait_for_function(ALL_IN_SIGHT_ARE_THERE)
        PICTURES.mkdir(parents=True, exist_ok=True)
        picture = PICTURES / f"{name}-{suffix}.png"
        page.screenshot(path=picture, animations="disabled", caret="hide")
        shown = PICTURES_OF_THE_DOCS / picture.name
        if shown.exists():
            # Full color: a palette shows bands in the pictures of the products.
            Image.open(picture).convert("RGB").save(shown, optimize=True)


def without_messages(page: Page) -> None:
    page.reload()
    wait_until_idle(page)


def order_something(shopper: Shopper) -> None:
    """One order that the shopper thought better of, and one that is paid."""
    shopper.add("Terrazzo Planter")
    shopper.open_cart()
    shopper.check_out()
    shopper.return_without_payment()
    shopper.add("Sunrise Tote", 2)
    shopper.open_cart()
    shopper.check_out()
    shopper.pay()
    expect(shopper.message("is paid")).to_be_visible()
