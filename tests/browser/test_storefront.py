"""The storefront from sign-in to PAID, as a shopper meets it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Shop
from tests.browser.shopper import PAYING, Shopper

# On one processor, so that the demo starts once.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("storefront")]

TIMES = "\N{MULTIPLICATION SIGN}"

# Stricter than the example's: without its way to the payment page by a form, which is for those
# who have no JavaScript.
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'"
)


def be_strict(page: Page, shop: Shop) -> None:
    def serve(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        route.fulfill(
            response=answer, headers={**answer.headers, "content-security-policy": STRICT}
        )

    page.route(re.compile(f"^{re.escape(shop.url)}/(?!static/|media/)"), serve)


@pytest.mark.line
@pytest.mark.parametrize(("width", "motion"), [(360, "no-preference"), (1280, "reduce")])
def test_from_sign_in_to_paid(
    open_page: Callable[..., Page], shop: Shop, width: int, motion: str
) -> None:
    page = open_page(width, 740, has_touch=width == 360, reduced_motion=motion)
    be_strict(page, shop)
    shopper = Shopper(page)
    shopper.sign_in("demo", "demo")
    page.evaluate("window.isTheSamePage = true")

    # The price follows the quantity.
    mug = shopper.product("Monsoon Mug")
    mug.get_by_role("button", name="Increase the quantity of Monsoon Mug").click(click_count=2)
    expect(mug.locator("output")).to_have_text(shopper.price("Monsoon Mug", 3))
    mug.get_by_role("spinbutton", name="Quantity").fill("2")
    expect(mug.locator("output")).to_have_text(shopper.price("Monsoon Mug", 2))

    # Two products, and the badge counts them.
    mug.get_by_role("button", name="Add to cart").click()
    expect(shopper.message("“Monsoon Mug” is in your cart.")).to_be_visible()
    shopper.add("Field Notebook")
    expect(shopper.cart_link).to_contain_text("3 items in your cart")

    # The modal changes and removes lines.
    lines = {
        "Monsoon Mug": shopper.price("Monsoon Mug", 4),
        "Field Notebook": shopper.price("Field Notebook"),
    }
    shopper.add("Sunrise Tote")
    shopper.open_cart()
    with page.expect_response("**/cart/item/"):
        shopper.quantity("Monsoon Mug").fill("4")
    expect(shopper.line("Monsoon Mug")).to_contain_text(lines["Monsoon Mug"])
    shopper.cart.get_by_role("button", name="Remove Sunrise Tote").click()
    expect(shopper.line("Sunrise Tote")).to_have_count(0)
    expect(shopper.cart).to_contain_text("Subtotal (5 items)")
    expect(shopper.cart_link).to_contain_text("5")
    total = shopper.cart.locator("[data-stripe-cart-summary] strong").inner_text()
    assert page.evaluate("window.isTheSamePage")

    # The payment page shows the same, and takes the money.
    shopper.check_out()
    for name, amount in lines.items():
        expect(page.locator("li", has_text=name)).to_contain_text(amount)
    expect(page.get_by_role("button", name=f"Pay {total}")).to_be_visible()
    shopper.pay()

    # A message and the order's page say so; the cart is empty.
    expect(shopper.message("is paid")).to_be_visible()
    heading = page.get_by_role("heading", level=1).inner_text()
    expect(page.get_by_role("main")).to_contain_text("Paid")
    expect(page.get_by_role("main")).to_contain_text("Payment received")
    expect(shopper.cart_link).to_contain_text("Your cart is empty.")

    # So do My orders, with a view of the details.
    shopper.open_orders()
    row = shopper.orders.get_by_role("listitem").filter(has_text=heading)
    for words in ("Paid", total, f"4 {TIMES} Monsoon Mug", f"1 {TIMES} Field Notebook", "20"):
        expect(row).to_contain_text(words)
    row.get_by_role("link", name=heading).click()
    for amount in (*lines.values(), total):
        expect(shopper.orders.get_by_role("table")).to_contain_text(amount)
    shopper.orders.get_by_role("link", name="All orders").click()
    expect(row).to_be_visible()

    # Stripe's receipt names the same amount.
    shopper.close(shopper.orders)
    page.get_by_role("main").get_by_role("link", name="Receipt").click()
    page.wait_for_url(re.compile("/receipts/"))
    expect(page.get_by_role("main")).to_contain_text(total)


def test_removing_in_two_browsers_is_no_error(
    shopper: Shopper, open_page: Callable[..., Page]
) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    other = Shopper(open_page(storage_state=shopper.page.context.storage_state()))
    other.page.goto("/")
    other.open_cart()

    for window in (shopper, other):
        window.cart.get_by_role("button", name="Remove Field Notebook").click()
        expect(window.cart).to_contain_text("Your cart is empty.")
        expect(window.page.get_by_role("alert")).to_have_count(0)


def test_amounts_changed_by_hand_change_nothing(shopper: Shopper) -> None:
    price = shopper.price("Dusk Lamp")
    shopper.page.evaluate(
        """for (const element of document.querySelectorAll("[data-stripe-cart-unit-amount]")) {
             element.dataset.stripeCartUnitAmount = "1";
             element.closest("[data-stripe-cart-offer]").querySelector("form")?.insertAdjacentHTML(
               "beforeend", '<input name="price" value="1"><input name="unit_amount" value="1">');
           }"""
    )
    product = shopper.product("Dusk Lamp")
    product.get_by_role("spinbutton", name="Quantity").fill("1")
    product.get_by_role("button", name="Add to cart").click()
    expect(shopper.message("is in your cart")).to_be_visible()
    shopper.open_cart()
    expect(shopper.line("Dusk Lamp")).to_contain_text(price)

    # A fingerprint of other prices is no offer: nothing is placed, and the cart comes back.
    shopper.page.evaluate(
        """for (const field of document.querySelectorAll("[name=fingerprint]")) {
             field.value = field.value.replace(/,[0-9]+,"inr"/, ',1,"inr"');
           }"""
    )
    shopper.cart.get_by_role("button", name="Checkout").click()
    expect(shopper.message("“Dusk Lamp” now costs")).to_be_visible()
    shopper.check_out()

    expect(shopper.page.get_by_role("button", name=f"Pay {price}")).to_be_visible()


def test_a_declined_card_names_its_reason_and_can_be_tried_again(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    shopper.check_out()

    shopper.pay("4000 0000 0000 0002")
    expect(shopper.page.get_by_role("alert")).to_contain_text("declined")
    expect(shopper.page.get_by_role("alert")).to_be_focused()
    shopper.pay("4000 0000 0000 9995")
    expect(shopper.page.get_by_role("alert")).to_contain_text("insufficient")
    expect(shopper.page.get_by_role("alert")).to_be_focused()
    shopper.pay()

    expect(shopper.message("is paid")).to_be_visible()


def test_a_bank_debit_shows_no_test_cards(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    shopper.check_out()
    cards = shopper.page.get_by_role("heading", name="Test cards")
    expect(cards).to_be_visible()

    shopper.page.get_by_label("Bank direct debit").check()

    expect(cards).to_be_hidden()
    expect(shopper.page.get_by_label("Card number")).to_be_hidden()


def test_on_a_phone_a_link_leads_to_the_test_cards(
    open_page: Callable[..., Page], enter: Callable[[Page], Shopper]
) -> None:
    shopper = enter(open_page(360, 740))
    expect(shopper.page.locator(".shop-brand")).to_have_text(re.compile(r"Limited\s+Products"))
    expect(shopper.page.locator(".shop-brand-second")).to_be_visible()
    shopper.add("Field Notebook")
    shopper.open_cart()
    shopper.check_out()
    cards = shopper.page.get_by_role("heading", name="Test cards")
    expect(cards).not_to_be_in_viewport()

    shopper.page.get_by_role("link", name="Test cards").click()

    expect(cards).to_be_in_viewport()


def test_returning_without_payment_keeps_the_cart_and_the_session(
    shopper: Shopper,
) -> None:
    shopper.add("Field Notebook", 2)
    shopper.open_cart()
    first = shopper.check_out()

    shopper.return_without_payment()
    expect(shopper.cart_link).to_contain_text("2 items in your cart")
    shopper.open_orders()
    expect(shopper.orders).to_contain_text("Awaiting payment")
    shopper.page.keyboard.press("Escape")
    shopper.open_cart()

    assert shopper.check_out() == first


def test_a_changed_cart_gets_a_new_session_and_the_old_one_is_closed(shopper: Shopper) -> None:
    shopper.add("Field Notebook", 2)
    price = shopper.price("Field Notebook", 3)
    shopper.open_cart()
    first = shopper.check_out()
    shopper.return_without_payment()
    shopper.add("Field Notebook")
    shopper.open_cart()

    second = shopper.check_out()

    assert second != first
    expect(shopper.page.get_by_role("button", name=f"Pay {price}")).to_be_visible()
    shopper.page.goto(first)
    expect(shopper.page.get_by_label("Card number")).to_have_count(0)


def test_a_pending_order_is_paid_from_my_orders(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    first = shopper.check_out()
    shopper.return_without_payment()
    shopper.open_orders()
    shopper.orders.get_by_role("link", name=re.compile("^Order ")).click()

    shopper.orders.get_by_role("link", name="Refresh status").click()
    expect(shopper.orders).to_contain_text("This order is not paid yet.")
    shopper.orders.get_by_role("button", name="Pay now").click()

    shopper.page.wait_for_url(PAYING)
    assert shopper.page.url.partition("#")[0] == first
    shopper.pay()
    expect(shopper.message("is paid")).to_be_visible()


def test_what_is_added_while_paying_is_still_in_the_cart_afterwards(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    shopper.open_cart()
    shopper.check_out()
    other = Shopper(shopper.page.context.new_page())
    other.page.goto("/")
    other.add("Sunrise Tote")

    shopper.pay()

    expect(shopper.message("is paid")).to_be_visible()
    shopper.open_cart()
    expect(shopper.line("Sunrise Tote")).to_be_visible()
    expect(shopper.line("Field Notebook")).to_have_count(0)


def test_a_price_that_changed_since_it_was_shown_charges_nothing(
    shopper: Shopper, shop: Shop
) -> None:
    shopper.add("Terrazzo Planter")
    shopper.open_cart()
    shop.execute("UPDATE stripe_cart_product SET price = 2000 WHERE slug = 'terrazzo-planter'")

    shopper.cart.get_by_role("button", name="Checkout").click()

    expect(shopper.message("“Terrazzo Planter” now costs ₹2,000.00.")).to_be_visible()
    expect(shopper.line("Terrazzo Planter")).to_contain_text("₹2,000.00")
    shopper.page.keyboard.press("Escape")
    shopper.open_orders()
    expect(shopper.orders).to_contain_text("You have not ordered anything yet.")


def test_more_than_there_is_is_refused_in_words(shopper: Shopper) -> None:
    shopper.add("Reading Chair", 2)
    shopper.open_cart()
    expect(shopper.line("Reading Chair")).to_contain_text("Only 2 left")

    shopper.quantity("Reading Chair").fill("3")

    expect(shopper.cart.get_by_role("alert")).to_contain_text("Only 2 of “Reading Chair” are left.")
    expect(shopper.quantity("Reading Chair")).to_have_value("2")


def test_a_visitor_signs_in_and_is_back_where_they_were(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/?from=a-friend")

    page.get_by_role("link", name="Sign in to buy").first.click()
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile(r"/\?from=a-friend$"))


def test_without_javascript_the_shop_is_as_dark_as_the_system(
    open_page: Callable[..., Page],
) -> None:
    for scheme, color in {"light": "rgb(250, 247, 241)", "dark": "rgb(25, 24, 22)"}.items():
        page = open_page(java_script_enabled=False, color_scheme=scheme)
        page.goto("/")
        expect(page.locator("body")).to_have_css("background-color", color)


@pytest.mark.line
@pytest.mark.parametrize("width", [360, 1280])
def test_everything_works_without_javascript(open_page: Callable[..., Page], width: int) -> None:
    page = open_page(width, 740, java_script_enabled=False)
    shopper = Shopper(page)
    shopper.sign_in("demo", "demo")

    shopper.add("Field Notebook", 2)
    shopper.add("Sunrise Tote")
    shopper.cart_link.click()
    main = page.get_by_role("main")
    main.get_by_role("spinbutton", name="Quantity of Field Notebook").fill("3")
    main.locator("li", has_text="Field Notebook").get_by_role("button", name="Update").click()
    main.get_by_role("button", name="Remove Sunrise Tote").click()
    expect(main).to_contain_text("Subtotal (3 items)")
    main.get_by_role("button", name="Checkout").click()
    page.wait_for_url(PAYING)
    shopper.pay()

    expect(shopper.message("is paid")).to_be_visible()
    expect(main).to_contain_text("Paid")
    page.get_by_role("banner").get_by_role("link", name="My orders").click()
    expect(main).to_contain_text(f"3 {TIMES} Field Notebook")
