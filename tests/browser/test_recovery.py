"""Retries and refreshes of the script, and messages that stay while the mouse is over them."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Route, expect

from tests.browser.conftest import Watch
from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser


def test_what_could_not_be_sent_is_sent_again_at_a_press(shopper: Shopper, watch: Watch) -> None:
    shopper.add("Field Notebook", 3)
    shopper.open_cart()
    shopper.page.route("**/cart/item/", lambda route: route.abort(), times=1)

    shopper.quantity("Field Notebook").fill("5")
    alert = shopper.cart.get_by_role("alert")
    alert.get_by_role("button", name="Try again").click()

    expect(shopper.cart).to_contain_text("Subtotal (5 items)")
    expect(alert).to_have_count(0)
    watch.complaints.clear()  # the request that was lost


def test_what_was_done_without_an_answer_is_not_done_twice(shopper: Shopper, watch: Watch) -> None:
    def drop_response(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    shopper.add("Field Notebook", 3)
    shopper.page.route("**/cart/add/", drop_response, times=1)
    shopper.product("Field Notebook").get_by_role("button", name="Add to cart").click()
    alert = shopper.page.get_by_role("alert")

    alert.get_by_role("button", name="Try again").click()

    expect(alert).to_have_count(0)
    shopper.page.reload()
    expect(shopper.cart_link).to_contain_text("4 items")
    watch.complaints.clear()


def test_a_shop_that_never_answers_is_given_up_after_a_minute(
    shopper: Shopper, watch: Watch
) -> None:
    shopper.page.add_init_script(
        """window.patience = [];
           const timeout = AbortSignal.timeout.bind(AbortSignal);
           AbortSignal.timeout = (time) => { patience.push(time); return timeout(time / 100); };"""
    )
    shopper.page.reload()
    never: list[Route] = []
    shopper.page.route("**/cart/add/", lambda route: never.append(route), times=1)
    button = shopper.product("Field Notebook").get_by_role("button", name="Add to cart")

    button.click()

    alert = shopper.page.get_by_role("alert")
    expect(alert).to_contain_text("can't be reached at the moment")
    expect(button).to_be_enabled()
    assert shopper.page.evaluate("patience") == [60_000]
    assert len(never) == 1
    alert.get_by_role("button", name="Try again").click()
    expect(shopper.cart_link).to_contain_text("1 item")
    expect(alert).to_have_count(0)
    watch.complaints.clear()


def test_the_waiting_page_looks_again_and_stays_where_it_is(shopper: Shopper) -> None:
    page = shopper.page
    shopper.add("Field Notebook")
    shopper.open_cart()
    shopper.check_out()
    shopper.return_without_payment()
    shopper.open_orders()
    link = shopper.orders.get_by_role("link", name=re.compile("^Order "))
    page.goto(f"{link.get_attribute('href')}?refresh=0")
    looks: list[str] = []
    page.on("request", lambda request: looks.append(request.url.partition("?refresh=")[2]))
    page.evaluate("window.same = true")

    with page.expect_response(re.compile("refresh=2")):
        pass  # the second look, some seconds later
    page.wait_for_timeout(1500)  # as long as a reload would have taken

    assert [look for look in looks if look] == ["1", "2"]
    assert page.evaluate("window.same")


def test_a_success_message_stays_while_it_is_hovered(shopper: Shopper) -> None:
    shopper.page.clock.install()
    shopper.page.reload()
    shopper.add("Field Notebook")
    news = shopper.message("is in your cart")
    news.hover()

    shopper.page.clock.run_for(30_000)
    expect(news).to_be_visible()

    shopper.page.mouse.move(5, 700)
    shopper.page.clock.run_for(10_000)
    expect(news).to_have_count(0)


def test_an_order_is_printed_dark_on_light_without_what_can_be_pressed(shopper: Shopper) -> None:
    shopper.add("Field Notebook", 2)
    shopper.open_cart()
    shopper.check_out()
    shopper.pay()
    expect(shopper.message("is paid")).to_be_visible()
    again = shopper.page.get_by_role("main").get_by_role("button", name="Order again")
    expect(again).to_be_visible()

    shopper.page.emulate_media(color_scheme="dark")
    expect(shopper.page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    shopper.page.emulate_media(media="print")

    expect(again).to_be_hidden()
    expect(shopper.page.locator("html")).to_have_attribute("data-bs-theme", "light")
    expect(shopper.page.get_by_role("main")).to_contain_text("Field Notebook")
    shopper.page.emulate_media(media="screen")
    again.click()
    expect(shopper.cart_link).to_contain_text("2 items")
