"""The payment page in a real browser."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import line_item, session_params

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="There is no Chromium here."),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def shop(sandbox: Sandbox) -> Iterator[Any]:
    """Create sessions that return to the sandbox's dashboard."""
    with sandbox.serve() as server:
        client = stripe.StripeClient("sk_test_x", base_addresses={"api": server.url})

        def create(**params: Any) -> Any:
            here = f"{server.url}/?paid={{CHECKOUT_SESSION_ID}}"
            return client.v1.checkout.sessions.create(session_params(success_url=here, **params))

        yield create


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(
        java_script_enabled=request.param == "with JavaScript",
        viewport={"width": 360, "height": 740},
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_a_test_card_is_clicked_and_pays(sandbox: Sandbox, shop: Any, page: Any) -> None:
    session = shop()
    page.goto(session.url)

    page.get_by_role("link", name="4242 4242 4242 4242").click()
    page.get_by_role("button", name="Pay $20.00").click()
    page.wait_for_url("**/?paid=*")

    assert page.url.endswith(f"?paid={session.id}")
    assert sandbox.sessions[0]["payment_status"] == "paid"


def test_a_declined_card_says_why_and_another_one_pays(
    sandbox: Sandbox, shop: Any, page: Any
) -> None:
    page.goto(shop().url)

    page.get_by_role("link", name="Insufficient funds").click()
    page.get_by_role("button", name="Pay").click()
    assert "insufficient funds" in page.get_by_role("alert").inner_text()
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/?paid=*")

    assert [charge["status"] for charge in sandbox.charges] == ["failed", "succeeded"]


def test_a_double_click_pays_once(sandbox: Sandbox, shop: Any, page: Any) -> None:
    page.goto(shop().url)
    page.get_by_role("link", name="4242 4242 4242 4242").click()

    page.get_by_role("button", name="Pay").dblclick()
    page.wait_for_url("**/?paid=*")

    assert len(sandbox.charges) == 1


def test_the_bank_asks_and_the_shopper_confirms(sandbox: Sandbox, shop: Any, page: Any) -> None:
    page.goto(shop().url)
    page.get_by_role("link", name="4000 0025 0000 3155").click()
    page.get_by_role("button", name="Pay").click()

    page.get_by_role("button", name="Fail authentication").click()
    assert "could not authenticate" in page.get_by_role("alert").inner_text()
    page.get_by_role("link", name="4000 0025 0000 3155").click()
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("button", name="Complete authentication").click()
    page.wait_for_url("**/?paid=*")

    assert sandbox.sessions[0]["payment_status"] == "paid"


def test_a_bank_debit_needs_no_card_and_is_settled_at_the_dashboard(
    sandbox: Sandbox, shop: Any, page: Any
) -> None:
    page.goto(shop().url)

    page.get_by_label("US bank account").check()
    assert not page.get_by_label("Card number").is_visible()
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/?paid=*")
    page.get_by_role("button", name="Settle the debit").click()
    page.wait_for_url(f"{sandbox.base_url}/")

    assert sandbox.sessions[0]["payment_status"] == "paid"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_the_viewport(
    sandbox: Sandbox, shop: Any, chromium: Any, width: int, scheme: str
) -> None:
    long = line_item("A name without any end " * 20 + "x" * 200)
    session, paid = shop(line_items=[long], client_reference_id="x" * 200), shop(line_items=[long])
    sandbox.pay(paid.id)
    context = chromium.new_context(viewport={"width": width, "height": 740}, color_scheme=scheme)
    page = context.new_page()
    for url in (session.url, paid.url, sandbox.charges[0]["receipt_url"], sandbox.base_url):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
    context.close()
