"""The script with fast clicks on a slow network."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest

pytest.importorskip("playwright")

from django.utils import translation
from playwright.sync_api import Page, Request, Route, expect

from django_stripe_cart.money import format_money, money_format
from tests.browser.conftest import Shop, Watch
from tests.browser.shopper import PAYING, Shopper, wait_until_idle

pytestmark = pytest.mark.browser

POSTS = re.compile(r"/shop/(cart/(add|item|remove)|checkout)/$")


def posts_of(page: Page) -> list[Request]:
    """What the page will have sent."""
    sent: list[Request] = []

    def look(request: Request) -> None:
        if POSTS.search(request.url):
            sent.append(request)

    page.on("request", look)
    return sent


class Held:
    """Requests to ``url``, which wait until they are released one by one."""

    def __init__(self, page: Page, url: str | re.Pattern[str]) -> None:
        self.page = page
        self.routes: list[Route] = []
        page.route(url, lambda route: self.routes.append(route))

    def release(self) -> None:
        self.wait()
        self.routes.pop(0).continue_()

    def wait(self) -> None:
        while not self.routes:
            self.page.wait_for_timeout(10)  # lets Playwright see the requests


# --- the focus ---------------------------------------------------------------------------------


def test_a_removal_focuses_the_next_line_and_then_the_title(
    shopper: Shopper,
) -> None:
    shopper.add("Field Notebook")
    shopper.add("Sunrise Tote")
    shopper.open_cart()

    shopper.cart.get_by_role("button", name="Remove Field Notebook").press("Enter")
    last = shopper.cart.get_by_role("button", name="Remove Sunrise Tote")
    expect(last).to_be_focused()
    last.press("Enter")

    expect(shopper.cart.get_by_role("heading", name="Your cart")).to_be_focused()
    shopper.page.keyboard.press("Escape")
    expect(shopper.cart).to_be_hidden()
    expect(shopper.cart_link).to_be_focused()


def test_a_saved_quantity_keeps_the_focus_and_the_caret(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    quantity = shopper.quantity("Field Notebook")

    with shopper.page.expect_response("**/cart/item/"):
        quantity.press("Control+a")
        quantity.press("1")
        quantity.press("2")
    expect(shopper.cart).to_contain_text("Subtotal (12 items)")
    expect(quantity).to_be_focused()
    with shopper.page.expect_response("**/cart/item/"):
        quantity.press("3")

    expect(shopper.cart).to_contain_text("Subtotal (123 items)")


def test_the_details_of_an_order_take_the_focus_and_esc_closes(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    shopper.check_out()
    shopper.return_without_payment()
    shopper.open_orders()

    shopper.orders.get_by_role("link", name=re.compile("^Order ")).press("Enter")
    expect(shopper.orders.get_by_role("heading", level=3)).to_be_focused()
    shopper.page.keyboard.press("Escape")

    expect(shopper.orders).to_be_hidden()


def test_a_modal_is_closed_by_its_button_without_complaint(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    for open_modal, modal in (
        (shopper.open_cart, shopper.cart),
        (shopper.open_orders, shopper.orders),
    ):
        open_modal()
        modal.get_by_role("button", name="Close").press("Enter")
        expect(modal).to_be_hidden()


# --- quick fingers -----------------------------------------------------------------------------


def test_ten_quick_clicks_on_add_are_one_request_at_a_time(shopper: Shopper) -> None:
    sent = posts_of(shopper.page)
    button = shopper.product("Field Notebook").get_by_role("button", name="Add to cart")

    for _ in range(10):
        button.click(force=True)
    expect(button).not_to_have_attribute("aria-busy", "true")

    expect(shopper.cart_link).to_contain_text(f"{len(sent)} item")
    shopper.open_cart()
    expect(shopper.quantity("Field Notebook")).to_have_value(str(len(sent)))


def test_ten_quick_clicks_on_the_stepper_are_ten(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    sent = posts_of(shopper.page)

    for _ in range(10):
        shopper.cart.get_by_role("button", name="Increase the quantity of Field Notebook").click()
    expect(shopper.cart).to_contain_text("Subtotal (11 items)")

    expect(shopper.quantity("Field Notebook")).to_have_value("11")
    assert len(sent) < 10
    shopper.page.reload()
    expect(shopper.cart_link).to_contain_text("11 items")


def test_ten_quick_clicks_on_checkout_are_one_checkout(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    held = Held(shopper.page, "**/checkout/")
    sent = posts_of(shopper.page)
    button = shopper.cart.get_by_role("button", name="Checkout")

    for _ in range(10):
        button.click(force=True)
    expect(button).to_be_disabled()
    held.release()
    shopper.page.wait_for_url(PAYING)

    assert len(sent) == 1


def test_the_last_quantity_wins_over_a_slow_answer(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    held = Held(shopper.page, "**/cart/item/")
    quantity = shopper.quantity("Field Notebook")

    quantity.fill("2")
    held.wait()
    quantity.fill("7")
    held.release()
    expect(shopper.cart).to_contain_text("Subtotal (2 items)")
    expect(quantity).to_have_value("7")
    assert_stale(shopper)
    held.release()

    expect(shopper.cart).to_contain_text("Subtotal (7 items)")
    expect(quantity).to_have_value("7")
    expect(shopper.cart.locator("[aria-busy]")).to_have_count(0)
    expect(shopper.cart.locator("[data-stripe-cart-summary]")).to_have_css("opacity", "1")


def assert_stale(shopper: Shopper) -> None:
    """Sums that are still to change are pale."""
    line = shopper.line("Field Notebook")
    expect(line.locator("[data-stripe-cart-form=item]")).to_have_attribute("aria-busy", "true")
    for total in (
        line.locator(".stripe-cart-total"),
        shopper.cart.locator("[data-stripe-cart-summary]"),
    ):
        expect(total).to_have_css("opacity", "0.5")


def test_changes_of_the_cart_wait_for_each_other(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.add("Sunrise Tote")
    shopper.open_cart()
    held = Held(shopper.page, POSTS)

    shopper.cart.get_by_role("button", name="Remove Field Notebook").click()
    held.wait()
    second = shopper.cart.get_by_role("button", name="Remove Sunrise Tote")
    second.click()
    expect(second).to_have_attribute("aria-busy", "true")
    assert len(held.routes) == 1

    held.release()
    expect(shopper.line("Field Notebook")).to_have_count(0)
    held.release()
    expect(shopper.cart).to_contain_text("Your cart is empty.")


def test_checkout_takes_along_what_was_typed_just_before(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    price = shopper.price("Field Notebook", 5)
    shopper.open_cart()

    shopper.quantity("Field Notebook").fill("5")
    shopper.check_out()

    expect(shopper.page.get_by_role("button", name=f"Pay {price}")).to_be_visible()


def test_checkout_stops_if_what_was_typed_just_before_is_refused(shopper: Shopper) -> None:
    shopper.add("Dusk Lamp")
    shopper.open_cart()

    shopper.quantity("Dusk Lamp").fill("99")
    shopper.cart.get_by_role("button", name="Checkout").click()

    expect(shopper.message("“Dusk Lamp” are left.")).to_be_visible()
    expect(shopper.message("Your cart has changed.")).to_be_visible()
    expect(shopper.cart.get_by_role("button", name="Checkout")).to_be_enabled()


def test_an_emptied_field_goes_back_to_what_the_shop_knows(shopper: Shopper) -> None:
    shopper.add("Field Notebook", 3)
    shopper.open_cart()
    sent = posts_of(shopper.page)

    shopper.quantity("Field Notebook").fill("")
    shopper.quantity("Field Notebook").blur()

    expect(shopper.quantity("Field Notebook")).to_have_value("3")
    assert sent == []


# --- a bad network -----------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["aborted", "500"])
def test_when_the_shop_can_not_be_reached_the_page_says_so_and_recovers(
    shopper: Shopper, watch: Watch, trouble: str
) -> None:
    shopper.add("Field Notebook", 3)
    shopper.open_cart()
    sent = posts_of(shopper.page)
    answers: dict[str, Callable[[Route], None]] = {
        "aborted": lambda route: route.abort(),
        "500": lambda route: route.fulfill(status=500, body="<h1>Server Error</h1>"),
    }
    shopper.page.route(POSTS, answers[trouble])

    shopper.quantity("Field Notebook").fill("5")
    alert = shopper.cart.get_by_role("alert")
    expect(alert).to_contain_text("The shop can't be reached at the moment.")
    expect(shopper.quantity("Field Notebook")).to_have_value("3")
    shopper.cart.get_by_role("button", name="Checkout").click()
    expect(shopper.cart.get_by_role("button", name="Checkout")).to_be_enabled()

    # Nothing was sent a second time by itself, and the same message does not pile up.
    assert len(sent) == 2
    expect(alert).to_have_count(1)
    shopper.page.unroute(POSTS)
    alert.get_by_role("button", name="Close").click()
    shopper.check_out()
    assert watch.complaints
    watch.complaints.clear()


def test_a_shop_that_takes_three_seconds_is_waited_for_and_asked_once(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    sent = posts_of(shopper.page)
    held = Held(shopper.page, "**/checkout/")
    button = shopper.cart.get_by_role("button", name="Checkout")

    button.click()
    held.wait()
    shopper.page.wait_for_timeout(3_000)
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button.locator(".spinner-border")).to_be_visible()
    button.click(force=True)
    held.release()
    shopper.page.wait_for_url(PAYING)

    assert len(sent) == 1


def test_a_page_that_is_too_old_says_that_it_should_be_reloaded(
    shopper: Shopper, watch: Watch
) -> None:
    shopper.page.context.clear_cookies(name="csrftoken")
    button = shopper.product("Field Notebook").get_by_role("button", name="Add to cart")

    button.click()
    alert = shopper.page.get_by_role("alert")
    expect(alert).to_contain_text("Please reload the page and try again.")
    expect(alert.get_by_role("button", name="Try again")).to_have_count(0)
    expect(button).to_be_enabled()

    shopper.page.reload()
    shopper.add("Field Notebook")
    watch.complaints.clear()


def test_a_quantity_that_was_not_saved_is_reset(shopper: Shopper, watch: Watch) -> None:
    shopper.add("Field Notebook", 3)
    shopper.page.goto("/shop/cart/")
    shopper.page.route(POSTS, lambda route: route.abort())
    shopper.open_cart()

    shopper.quantity("Field Notebook").fill("5")

    expect(shopper.cart.get_by_role("alert")).to_be_visible()
    for field in shopper.page.get_by_role("spinbutton", name="Quantity of Field Notebook").all():
        expect(field).to_have_value("3")
    watch.complaints.clear()


def test_when_the_orders_can_not_be_fetched_there_is_a_way_to_them(
    shopper: Shopper, watch: Watch
) -> None:
    shopper.page.route("**/shop/orders/", lambda route: route.abort(), times=1)

    shopper.page.get_by_role("banner").get_by_role("link", name="My orders").click()
    expect(shopper.orders.get_by_role("alert")).to_be_visible()
    shopper.orders.get_by_role("link", name="Show my orders").click()

    expect(shopper.orders).to_contain_text("You have not ordered anything yet.")
    watch.complaints.clear()


def test_an_expired_login_session_leads_to_sign_in_and_back(shopper: Shopper) -> None:
    shopper.page.context.clear_cookies(name="sessionid")

    shopper.product("Field Notebook").get_by_role("button", name="Add to cart").click()

    expect(shopper.page).to_have_url(re.compile(r"/accounts/login/\?next=/$"))


# --- the storefront ----------------------------------------------------------------------------


def test_the_quantity_is_one_again_when_it_was_added(shopper: Shopper) -> None:
    product = shopper.product("Monsoon Mug")

    shopper.add("Monsoon Mug", 3)

    expect(product.get_by_role("spinbutton", name="Quantity")).to_have_value("1")
    expect(product.locator("output")).to_have_text(shopper.price("Monsoon Mug"))


def test_what_was_refused_stays_as_it_was_typed(shopper: Shopper) -> None:
    product = shopper.product("Reading Chair")
    shopper.add("Reading Chair")
    product.get_by_role("spinbutton", name="Quantity").fill("2")

    product.get_by_role("button", name="Add to cart").click()

    expect(shopper.message("Only 2 of “Reading Chair” are left.")).to_be_visible()
    expect(product.get_by_role("spinbutton", name="Quantity")).to_have_value("2")
    expect(product.locator("output")).to_have_text(shopper.price("Reading Chair", 2))


def test_a_newer_message_replaces_a_products_success_message(shopper: Shopper) -> None:
    def keep(route: Route) -> None:
        """As it would be on a machine where six seconds are long."""
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"6000"', '"600000"'))

    shopper.page.route("**/cart/add/", keep)
    for name in ("Monsoon Mug", "Reading Chair", "Monsoon Mug"):
        shopper.add(name)
    news = shopper.page.locator(".toast", has_text="is in your cart.")
    expect(news).to_have_count(2)
    shopper.open_cart()

    shopper.cart.get_by_role("button", name="Remove Monsoon Mug").click()

    expect(news).to_have_count(1)
    expect(news).to_contain_text("Reading Chair")


def test_the_price_follows_beyond_what_there_is(shopper: Shopper) -> None:
    product = shopper.product("Monsoon Mug")

    product.get_by_role("spinbutton", name="Quantity").fill("999")

    expect(product.locator("output")).to_have_text(shopper.price("Monsoon Mug", 999))


# --- back, and forth ---------------------------------------------------------------------------


def test_back_from_the_payment_page_the_button_lives_and_the_cart_is_fresh(
    shopper: Shopper,
) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    first = shopper.check_out()
    other = Shopper(shopper.page.context.new_page())
    other.page.goto("/")
    other.add("Sunrise Tote")

    shopper.page.go_back()

    expect(shopper.cart_link).to_contain_text("2 items in your cart")
    if not shopper.cart.is_visible():
        shopper.open_cart()
    assert shopper.check_out() != first


WAKE = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"


def respond_with_fragment(route: Route) -> None:
    """The page is left for an address that never comes: it stays as one that is restored later."""
    route.fulfill(headers={"Stripe-Cart-Location": "#elsewhere"}, body="")


def test_a_page_from_the_browsers_memory_has_buttons_that_work(shopper: Shopper) -> None:
    shopper.page.route("**/cart/add/", respond_with_fragment, times=1)
    button = shopper.product("Field Notebook").get_by_role("button", name="Add to cart")
    button.click()
    shopper.page.wait_for_url("**/#elsewhere")
    expect(button).to_be_disabled()

    shopper.page.evaluate(WAKE)

    expect(button).to_be_enabled()
    shopper.add("Field Notebook")


def test_after_paying_no_page_has_the_old_cart(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    other = Shopper(shopper.page.context.new_page())
    other.page.goto("/shop/cart/")
    shopper.page.goto("/shop/cart/")
    shopper.page.get_by_role("main").get_by_role("button", name="Checkout").click()
    shopper.page.wait_for_url(PAYING)
    shopper.pay()
    expect(shopper.message("is paid")).to_be_visible()

    # Another tab, a page that goes back, and a page that is reloaded.
    expect(other.cart_link).to_contain_text("Your cart is empty.")
    expect(other.page.get_by_role("main")).to_contain_text("Your cart is empty.")
    other.page.reload()
    expect(other.page.get_by_role("main").get_by_role("button")).to_have_count(0)
    shopper.page.go_back()
    shopper.page.wait_for_url(PAYING)
    shopper.page.go_back()
    shopper.page.wait_for_url("**/shop/cart/")
    expect(shopper.page.get_by_role("main")).to_contain_text("Your cart is empty.")
    expect(shopper.cart_link).to_contain_text("Your cart is empty.")


def test_a_page_from_the_browsers_memory_has_the_cart_of_today(shopper: Shopper) -> None:
    shopper.page.add_init_script("window.BroadcastChannel = class { postMessage() {} }")
    shopper.page.reload()  # a suspended page gets no message from another tab
    shopper.add("Field Notebook")
    shopper.open_cart()
    other = Shopper(shopper.page.context.new_page())
    other.page.goto("/")
    other.add("Sunrise Tote")
    wait_until_idle(other.page)
    wait_until_idle(shopper.page)
    expect(shopper.line("Sunrise Tote")).to_have_count(0)

    shopper.page.evaluate(WAKE)

    expect(shopper.line("Sunrise Tote")).to_be_visible()


# --- messages ----------------------------------------------------------------------------------


def test_success_messages_disappear_and_errors_stay(shopper: Shopper) -> None:
    page = shopper.page
    page.clock.install()
    page.reload()
    shopper.add("Reading Chair", 2)
    news = shopper.message("“Reading Chair” is in your cart.")

    page.clock.run_for(5_000)
    expect(news).to_be_visible()
    page.clock.run_for(60_000)
    expect(news).to_have_count(0)

    shopper.product("Reading Chair").get_by_role("button", name="Add to cart").click()
    error = page.get_by_role("alert").filter(has_text="Only 2 of “Reading Chair” are left.")
    expect(error).to_be_visible()
    page.clock.run_for(60_000)
    expect(error).to_be_visible()


def test_an_error_stays_until_it_is_closed(shopper: Shopper) -> None:
    shopper.add("Dusk Lamp")
    shopper.open_cart()
    shopper.quantity("Dusk Lamp").fill("99")
    alert = shopper.cart.get_by_role("alert")
    expect(alert).to_be_visible()
    shopper.quantity("Dusk Lamp").fill("98")
    wait_until_idle(shopper.page)
    expect(alert).to_have_count(1)
    shopper.quantity("Dusk Lamp").fill("2")
    expect(shopper.cart).to_contain_text("Subtotal (2 items)")
    expect(alert).to_be_visible()

    alert.get_by_role("button", name="Close").click()

    expect(alert).to_have_count(0)


def test_changes_in_the_cart_are_announced_to_screen_readers(shopper: Shopper) -> None:
    shopper.add("Field Notebook", 2)
    shopper.add("Sunrise Tote")
    shopper.open_cart()

    shopper.cart.get_by_role("button", name="Remove Sunrise Tote").click()

    price = shopper.price("Field Notebook", 2)
    expect(shopper.cart.get_by_role("status")).to_have_text(
        f"Removed “Sunrise Tote”. Subtotal (2 items) {price}"
    )


# --- for the host ------------------------------------------------------------------------------


def test_a_host_without_modals_and_messages_still_has_a_shop(shopper: Shopper) -> None:
    shopper.page.add_init_script(
        """document.addEventListener("readystatechange", () => {
             const parts = document.querySelectorAll(".modal, .toast-container");
             for (const part of parts) part.remove();
           }, { once: true });"""
    )
    shopper.page.goto("/")

    shopper.add("Field Notebook")
    shopper.cart_link.click()

    expect(shopper.page).to_have_url(re.compile("/shop/cart/$"))
    expect(shopper.page.get_by_role("main")).to_contain_text("Field Notebook")


def test_the_host_hears_of_changes_and_failures(shopper: Shopper, watch: Watch) -> None:
    page = shopper.page
    page.evaluate(
        """window.heard = [];
           for (const name of ["changed", "failed"]) {
             document.addEventListener(`stripe-cart:${name}`, (event) =>
               window.heard.push([name, event.detail.action ?? String(event.detail.error)]));
           }"""
    )

    shopper.add("Field Notebook")
    page.route("**/cart/add/", lambda route: route.fulfill(status=503))
    shopper.product("Field Notebook").get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("alert")).to_be_visible()

    changed, (failed, error) = page.evaluate("window.heard")
    assert changed == ["changed", "add"]
    assert failed == "failed"
    assert "503" in error
    watch.complaints.clear()


def test_the_script_writes_money_as_the_server_does(
    open_page: Callable[..., Page], shop: Shop
) -> None:
    amounts = [0, 1, 9, 10, 99, 100, 12345, 99999, 100000, 1234567, 123456789, 999_999_999_999]
    currencies = ["inr", "usd", "jpy", "kwd", "isk", "chf"]
    languages = ["en", "de", "fr", "hi", "ar", "pt-br"]
    cases, expected = [], []
    for language, currency, amount in itertools.product(languages, currencies, amounts):
        with translation.override(language):
            cases.append([amount, money_format(currency)])
            expected.append(format_money(amount, currency))
    page = open_page()
    page.goto("/")

    written = page.evaluate(
        """async (cases) => {
             const { money } = await import("/static/stripe_cart/stripe_cart.js");
             return cases.map(([amount, style]) => money(amount, style));
           }""",
        cases,
    )

    assert written == expected
