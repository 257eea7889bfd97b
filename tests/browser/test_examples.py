"""The scripts that the documentation shows, run on a page of the shop as they are printed."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Dialog, Page, Route, expect

from tests.browser.conftest import Shop, Watch
from tests.browser.shopper import PAYING, Shopper
from tests.docs.pages import examples

pytestmark = pytest.mark.browser

SCRIPTS = {example.page: example.text for example in examples("js")}

NUMBER_SEVEN = "Studio Headphones"

RUN = """
const script = document.createElement("script");
Object.assign(script, { type: "module", src: "/example.js" });
document.head.append(script);
"""


def run(page: Page, script: str) -> None:
    """As a file of the site's own, which is what its Content-Security-Policy lets run."""
    page.route(
        "**/example.js", lambda route: route.fulfill(content_type="text/javascript", body=script)
    )
    with page.expect_response("**/example.js"):
        page.evaluate(RUN)


def test_every_script_is_run() -> None:
    assert sorted(SCRIPTS) == ["docs/how-to/own-front-end.md", "docs/how-to/templates.md"]
    assert len(SCRIPTS) == len(list(examples("js")))


def test_a_front_end_of_ones_own_fills_the_cart_and_leads_to_the_payment(
    shopper: Shopper,
) -> None:
    run(shopper.page, SCRIPTS["docs/how-to/own-front-end.md"])
    shopper.page.wait_for_url(PAYING)

    expect(shopper.page.get_by_text(NUMBER_SEVEN)).to_be_visible()
    shopper.page.goto("/")
    shopper.open_cart()
    expect(shopper.quantity(NUMBER_SEVEN)).to_have_value("2")


def test_a_custom_front_end_receives_the_error(shopper: Shopper, shop: Shop, watch: Watch) -> None:
    signals_sent: list[str] = []

    def reprice(route: Route) -> None:
        shop.execute("UPDATE stripe_cart_product SET price = price + 1 WHERE id = 7")
        route.continue_()

    def hear(dialog: Dialog) -> None:
        signals_sent.append(dialog.message)
        dialog.accept()

    shopper.page.route("**/shop/checkout/", reprice)
    shopper.page.on("dialog", hear)
    with (
        shopper.page.expect_response("**/shop/checkout/") as asked,
        shopper.page.expect_event("dialog"),
    ):
        run(shopper.page, SCRIPTS["docs/how-to/own-front-end.md"])

    assert asked.value.status == 409
    assert signals_sent[0].startswith("Your cart has changed.")
    (refused,) = watch.complaints
    assert "409" in refused
    watch.complaints.clear()


def test_a_script_of_ones_own_hears_of_a_change(shopper: Shopper, watch: Watch) -> None:
    run(shopper.page, SCRIPTS["docs/how-to/templates.md"])

    with shopper.page.expect_console_message() as message:
        shopper.add("Field Notebook")

    assert message.value.text == "add"
    watch.complaints.remove("log: add")
