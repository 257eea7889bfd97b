"""The shop for everybody: by keyboard, screen reader and finger, in any language and width."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop, Watch
from tests.browser.shopper import PAYING, Shopper, wait_until_idle
from tests.browser.test_storefront import be_strict

pytestmark = pytest.mark.browser

ORDER = re.compile(r"/shop/orders/[\w-]{36}/$")

OpenPage = Callable[..., Page]
Enter = Callable[[Page], Shopper]

# --- axe-core ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, which comes with a package of the extra "test"."""
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        reason = "axe-core is needed (pip install axe-playwright-python)."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return (Path(spec.origin).parent / "axe.min.js").read_text()


@pytest.fixture
def is_reachable(axe: str) -> Callable[[Page], None]:
    def check(page: Page) -> None:
        page.evaluate(axe)
        found = page.evaluate("axe.run().then((result) => result.violations)")
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []

    return check


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_and_open_modal(
    open_page: OpenPage,
    enter: Enter,
    shop: Shop,
    watch: Watch,
    is_reachable: Callable[[Page], None],
    scheme: str,
) -> None:
    page = open_page(color_scheme=scheme)
    be_strict(page, shop)
    page.goto("/accounts/login/")
    is_reachable(page)
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    is_reachable(page)
    shop.execute("UPDATE stripe_cart_product SET stock = 0 WHERE slug = 'reading-chair'")
    shopper = enter(page)
    expect(shopper.product("Reading Chair")).to_contain_text("Out of stock")
    is_reachable(page)
    page.locator(".shop-menu summary").click()
    is_reachable(page)
    page.keyboard.press("Escape")

    # The cart: with messages, with a removal, and with a line that is too long.
    shopper.open_cart()
    is_reachable(page)
    shopper.close(shopper.cart)
    for name in ("Field Notebook", "Sunrise Tote", "Dusk Lamp"):
        shopper.add(name, 2)
    shopper.open_cart()
    shopper.cart.get_by_role("button", name="Remove Sunrise Tote").click()
    shopper.quantity("Dusk Lamp").fill("99")
    expect(shopper.cart.get_by_role("alert")).to_be_visible()
    is_reachable(page)
    page.goto("/shop/cart/")
    is_reachable(page)

    # An order: pending, awaited, canceled, and among the others.
    page.get_by_role("main").get_by_role("button", name="Checkout").click()
    page.wait_for_url(PAYING)
    is_reachable(page)
    page.goto("/#orders")
    expect(shopper.orders.get_by_role("link", name=re.compile("^Order "))).to_be_visible()
    is_reachable(page)
    shopper.orders.get_by_role("link", name=re.compile("^Order ")).click()
    expect(shopper.orders.get_by_role("button", name="Pay now")).to_be_visible()
    is_reachable(page)
    address = shopper.orders.get_by_role("link", name="Refresh status").get_attribute("href")
    for look in ("", "?refresh=0", "?refresh=5"):
        page.goto(f"{address}{look}")
        is_reachable(page)
    page.goto(f"{address}")
    page.get_by_role("button", name="Cancel order").click()
    expect(shopper.message("was canceled")).to_be_visible()
    is_reachable(page)

    # A paid one, and the page of all.
    page.goto("/")
    shopper.add("Field Notebook")
    shopper.open_cart()
    shopper.check_out()
    shopper.pay()
    expect(shopper.message("is paid")).to_be_visible()
    is_reachable(page)
    page.goto("/shop/orders/")
    is_reachable(page)
    for name in shop.serve_errors(page):
        page.goto(f"/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        is_reachable(page)


# --- the keyboard alone ------------------------------------------------------------------------


def tab_to(page: Page, name: str, *, back: bool = False) -> None:
    """Press Tab until the focus is on what is called so."""
    for _press in range(80):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        focused = page.evaluate(
            """() => { const element = document.activeElement;
               const label = element.id && document.querySelector(`label[for="${element.id}"]`);
               return element.ariaLabel || label?.innerText || element.innerText || ""; }"""
        )
        if re.search(name, focused):
            return
    pytest.fail(f"Tab does not lead to {name!r}.")


def test_the_whole_line_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page()
    keys = page.keyboard
    page.goto("/accounts/login/")
    expect(page.get_by_label("Name")).to_be_focused()
    for text in ("demo", "demo"):
        keys.type(text)
        keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Good things")).to_be_visible()

    # From a link past the header to the first product, and into the cart.
    tab_to(page, "Skip to the products")
    keys.press("Enter")
    tab_to(page, "Increase the quantity of Monsoon Mug")
    keys.press("Enter")
    tab_to(page, "^Add to cart")
    keys.press("Enter")
    shopper = Shopper(page)
    expect(shopper.message("“Monsoon Mug” is in your cart.")).to_be_visible()
    tab_to(page, "Cart", back=True)
    keys.press("Enter")
    expect(shopper.cart).to_be_visible()

    # There, the stepper keeps the focus; a removal is undone; Esc goes back to the opener.
    tab_to(page, "Decrease the quantity of Monsoon Mug")
    keys.press("Enter")
    expect(shopper.cart).to_contain_text("Subtotal (1 item)")
    expect(
        shopper.cart.get_by_role("button", name="Decrease the quantity of Monsoon Mug")
    ).to_be_focused()
    tab_to(page, "Remove Monsoon Mug", back=True)
    keys.press("Enter")
    expect(shopper.cart.get_by_role("heading", name="Your cart")).to_be_focused()
    tab_to(page, "^Undo")
    keys.press("Enter")
    expect(shopper.line("Monsoon Mug")).to_be_visible()
    expect(shopper.cart.get_by_role("heading", name="Your cart")).to_be_focused()
    keys.press("Escape")
    expect(shopper.cart_link).to_be_focused()
    keys.press("Enter")
    expect(shopper.cart).to_be_visible()
    tab_to(page, "Checkout")
    keys.press("Enter")

    # At Stripe's.
    page.wait_for_url(PAYING)
    if page.get_by_label("E-mail").is_editable():
        page.get_by_label("E-mail").focus()
        keys.type("asha@example.com")
    for label, text in (
        ("Card number", "4242424242424242"),
        ("Expiry", "1234"),
        ("Security code", "123"),
        ("Name", "Asha Rao"),
    ):
        if not page.get_by_label(label, exact=label == "Name").evaluate(
            "element => element === document.activeElement"
        ):
            tab_to(page, f"^{label}")
        keys.type(text)
    keys.press("Enter")
    expect(shopper.message("is paid")).to_be_visible()


# --- widths and fingers ------------------------------------------------------------------------

OVERLAPS = """root => {
  const parts = "a, button, input, output, h1, h2, h3, p, strong, td, th, time, label";
  const seen = [...root.querySelectorAll(parts)]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && box.height > 1);
  const bad = [];
  for (const [a, one] of seen) for (const [b, two] of seen) {
    if (a.contains(b) || b.contains(a) || a.compareDocumentPosition(b) & 2) continue;
    const width = Math.min(one.right, two.right) - Math.max(one.left, two.left);
    const height = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
    if (width > 1 && height > 1) bad.push([a.outerHTML.slice(0, 120), b.outerHTML.slice(0, 120)]);
  }
  return bad;
}"""

PRESSED = "a.btn, nav a, summary, button, input:not([type=hidden])"
TOO_SMALL = f"""(root, size) => [...root.querySelectorAll("{PRESSED}")]
  .filter((element) => element.checkVisibility())
  .map((element) => [element.outerHTML.slice(0, 160), element.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < size || box.height < size))
  .map(([html, box]) => [html, box.width, box.height])"""


def has_no_overlap(shopper: Shopper, selector: str) -> None:
    wait_until_idle(shopper.page)
    assert shopper.page.locator(selector).evaluate(OVERLAPS) == [], selector


def left_of(page: Page, selector: str) -> float:
    left = "selector => document.querySelector(selector).getBoundingClientRect().left"
    return float(page.evaluate(left, selector))


def is_right_of(page: Page, one: str, other: str) -> bool:
    return left_of(page, one) > left_of(page, other)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_at_320_pixels_nothing_is_cut_off_and_fingers_find_their_targets(
    open_page: OpenPage, enter: Enter
) -> None:
    page = open_page(320, 800, has_touch=True, is_mobile=True)
    shopper = enter(page)
    assert fits(page)
    assert page.locator("body").evaluate(TOO_SMALL, 44) == []

    shopper.add("Reading Chair", 2)
    shopper.add("Monsoon Mug")
    assert page.locator(".toast").first.evaluate(TOO_SMALL, 44) == []
    shopper.open_cart()
    assert shopper.cart.evaluate(TOO_SMALL, 44) == []
    assert shopper.cart.locator(".modal-body").evaluate(
        "element => element.scrollWidth <= element.clientWidth"
    )
    page.goto("/shop/cart/")
    assert fits(page)
    has_no_overlap(shopper, "main")
    page.get_by_role("main").get_by_role("button", name="Checkout").click()
    page.wait_for_url(PAYING)
    assert fits(page)
    page.goto("/shop/orders/")
    page.get_by_role("main").get_by_role("link", name=re.compile("^Order ")).click()
    page.wait_for_url(ORDER)
    assert fits(page)
    has_no_overlap(shopper, "main")
    assert page.locator("body").evaluate(TOO_SMALL, 44) == []


def test_with_a_mouse_no_target_is_smaller_than_24_pixels(shopper: Shopper) -> None:
    shopper.add("Field Notebook")
    assert shopper.page.locator("body").evaluate(TOO_SMALL, 24) == []
    shopper.open_cart()

    assert shopper.cart.evaluate(TOO_SMALL, 24) == []


# --- light and dark ----------------------------------------------------------------------------


def test_a_theme_is_chosen_and_kept(shopper: Shopper) -> None:
    page = shopper.page
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(25, 24, 22)"

    page.locator(".shop-menu summary").click()
    page.get_by_role("button", name="Light").click()

    expect(html).to_have_attribute("data-bs-theme", "light")
    expect(page.get_by_role("button", name="Light")).to_have_attribute("aria-pressed", "true")
    page.goto("/shop/cart/")
    expect(html).to_have_attribute("data-bs-theme", "light")
    assert page.evaluate(paper) == "rgb(250, 247, 241)"


# --- other languages ---------------------------------------------------------------------------


def test_german_right_after_english(shopper: Shopper, open_page: OpenPage, enter: Enter) -> None:
    shopper.add("Terrazzo Planter", 2)
    expect(shopper.cart_link).to_contain_text("2 items")
    page = open_page(locale="de-DE")
    cookies = [c for c in shopper.page.context.cookies() if c["name"] == "sessionid"]
    page.context.add_cookies(cookies)  # type: ignore[arg-type]

    page.goto("/shop/cart/")

    assert page.locator("html").get_attribute("lang") == "de"
    line = page.locator("main [data-stripe-cart-line]")
    price = "3.299,00\N{NO-BREAK SPACE}₹"
    expect(line).to_contain_text(price)
    quantity = line.locator("input[name=quantity]")
    expect(quantity).to_have_value("2")
    assert page.locator("main [name=fingerprint]").input_value().count('"inr"') == 1
    with page.expect_response("**/cart/item/"):
        quantity.fill("1")
    expect(line).to_contain_text("1.649,50\N{NO-BREAK SPACE}₹")

    # What is written by the script is written the same; and English stays English.
    page.goto("/")
    card = page.locator("article", has=page.get_by_role("heading", name="Terrazzo Planter"))
    card.locator("input[name=quantity]").fill("2")
    expect(card.locator("output")).to_have_text(price)
    shopper.page.reload()
    expect(shopper.cart_link).to_contain_text("1 item")


def test_the_menu_switches_the_language_of_everything(open_page: OpenPage, enter: Enter) -> None:
    page = open_page(360, 740, java_script_enabled=False)
    enter(page)
    page.goto("/shop/cart/")
    page.locator(".shop-menu summary").click()

    page.get_by_role("button", name="Deutsch").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Warenkorb")
    assert page.locator("html").get_attribute("lang") == "de"
    assert fits(page)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Gute Dinge, und nicht viele davon.")


@pytest.mark.parametrize("width", [360, 1280])
def test_in_arabic_the_layout_is_mirrored_and_nothing_overlaps(
    open_page: OpenPage, enter: Enter, width: int
) -> None:
    page = open_page(width, 800, locale="ar")
    shopper = enter(page)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert fits(page)
    has_no_overlap(shopper, "main")
    assert is_right_of(page, ".shop-brand", ".stripe-cart-button")

    card = page.locator("article").first
    with page.expect_response("**/cart/add/"):
        card.locator("button[type=submit]").click()
    wait_until_idle(page)
    page.goto("/#cart")
    cart = page.locator("#stripe-cart-modal")
    line = cart.locator("[data-stripe-cart-line]")
    expect(line).to_be_visible()
    has_no_overlap(shopper, "#stripe-cart-modal .modal-content")
    row = "#stripe-cart-modal [data-stripe-cart-line]"
    assert is_right_of(page, f"{row} img", f"{row} .fw-semibold")
    trash, total = (left_of(page, f"{row} {part}") for part in ("button svg", ".stripe-cart-total"))
    assert trash == pytest.approx(total, abs=2), "at the edge, one below the other"
    page.goto("/shop/cart/")
    assert fits(page)
    has_no_overlap(shopper, "main")
    page.locator("main [data-stripe-cart-form=checkout] button").click()
    page.wait_for_url(PAYING)
    page.goto("/shop/orders/")
    page.locator("main [data-stripe-cart-link]").first.click()
    page.wait_for_url(ORDER)
    assert fits(page)
    has_no_overlap(shopper, "main")


# --- deep links --------------------------------------------------------------------------------


def test_a_link_opens_the_cart_and_another_the_orders(shopper: Shopper) -> None:
    page = shopper.page
    shopper.add("Field Notebook")

    page.goto("/shop/orders/#cart")
    expect(shopper.line("Field Notebook")).to_be_visible()
    page.evaluate("location.hash = 'orders'")
    expect(shopper.orders).to_contain_text("You have not ordered anything yet.")
    expect(shopper.cart).to_be_hidden()

    # Closed, it is closed; and the same link opens it again.
    shopper.close(shopper.orders)
    page.wait_for_function("location.hash === ''")
    page.evaluate("location.hash = 'orders'")
    expect(shopper.orders).to_be_visible()


def test_two_links_one_right_after_the_other_leave_the_second_open(shopper: Shopper) -> None:
    shopper.page.evaluate(
        """addEventListener("hashchange", () => { location.hash = "orders"; }, { once: true });
           location.hash = "cart";"""
    )

    expect(shopper.orders).to_contain_text("You have not ordered anything yet.")
    expect(shopper.cart).to_be_hidden()
