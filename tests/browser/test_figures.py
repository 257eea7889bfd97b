"""How soon a page is there, whether it moves, and what it weighs, by Chromium's own account.

``FIGURES=1`` writes the figures to ``benchmarks/README.md``; without it, only what holds on any
machine is tested: nothing moves, and nothing is requested twice or in vain.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("playwright")
pytest.importorskip("benchmarks", reason="The source distribution comes without benchmarks.")

from playwright.sync_api import Browser, Page

from benchmarks.page import keep
from tests.browser.conftest import ROOT
from tests.browser.shopper import Shopper, wait_until_idle
from tests.browser.test_looks import SIZES

pytestmark = pytest.mark.browser

SLOWER = 4  # times, as a phone of the middle class is slower than a desk
STATIC = ROOT / "django_stripe_cart" / "static" / "stripe_cart"

# What has moved in this document since the act began, and in the moment after it.
SHIFTS = """async () => {
  const shifts = [];
  const observer = new PerformanceObserver((list) => shifts.push(...list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  await new Promise(requestAnimationFrame);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const name = ({ node, previousRect: a, currentRect: b }) =>
    [(node?.outerHTML ?? node?.data ?? "").slice(0, 160), [a.x, a.y], [b.x, b.y]];
  return shifts
    .filter((shift) => shift.startTime >= (window.begun ?? 0))
    .map((shift) => [shift.value, shift.sources.map(name)]);
}"""


@dataclass
class Figures:
    """What Chromium says of one page, from the click on its link until it is quiet."""

    largest_paint: int  # ms
    layout_shift: float
    moved: list[Any]
    requests: list[str]
    weight: int  # bytes, as they came over the wire

    @property
    def questions(self) -> list[str]:
        """What was asked of the shop, apart from pictures that came into sight."""
        return [url for url in self.requests if "/shop/" in url and "/static/" not in url]

    def row(self, page: str, device: str) -> str:
        kilobytes = self.weight / 1000
        return (
            f"| {page} | {device} | {self.largest_paint} ms | {self.layout_shift:g} "
            f"| {len(self.requests)} | {kilobytes:.0f} kB |"
        )


def measure(chromium: Browser, page: Page, act: Callable[[], Any]) -> Figures:
    """Do ``act`` in ``page`` on a slow processor with an empty cache, and watch it."""
    wait_until_idle(page)
    line = page.context.new_cdp_session(page)
    requests: list[str] = []
    weights: list[int] = []
    line.on("Network.requestWillBeSent", lambda told: requests.append(told["request"]["url"]))
    line.on("Network.loadingFinished", lambda told: weights.append(int(told["encodedDataLength"])))
    line.send("Network.enable")
    line.send("Network.clearBrowserCache")
    line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    chromium.start_tracing(page=page, categories=["loading", "blink.user_timing"])
    page.evaluate("window.begun = performance.now()")
    act()
    page.wait_for_load_state("networkidle")
    wait_until_idle(page)
    shifts = page.evaluate(SHIFTS)
    trace = json.loads(chromium.stop_tracing())["traceEvents"]
    line.detach()
    return Figures(
        largest_paint=find_largest_paint(trace),
        layout_shift=sum(value for value, _ in shifts),
        moved=[nodes for _, nodes in shifts],
        requests=[url for url in requests if not url.startswith("data:")],
        weight=sum(weights),
    )


def find_largest_paint(trace: list[Any]) -> int:
    """int, milliseconds from the beginning of the navigation; 0 if there was none."""
    starts, paints = (
        {
            event["args"]["data"]["navigationId"]: event["ts"]
            for event in sorted(trace, key=lambda event: event["ts"])
            if event["name"] == name
        }
        for name in ("navigationStart", "largestContentfulPaint::Candidate")
    )
    times = [paint - starts[navigation] for navigation, paint in paints.items()]
    return round(times[0] / 1000) if times else 0


@pytest.mark.parametrize("device", SIZES)
def test_no_page_moves_and_each_is_light(
    chromium: Browser,
    open_page: Callable[..., Page],
    enter: Callable[[Page], Shopper],
    rows: list[str],
    device: str,
) -> None:
    page = open_page(*SIZES[device], has_touch=device == "phone")
    shopper = enter(page)

    def look(name: str, act: Callable[[], Any]) -> Figures:
        figures = measure(chromium, page, act)
        again = [url for url, count in Counter(figures.requests).items() if count > 1]
        # The picture in the header is the icon too, which a browser asks for on its own.
        assert [url for url in again if "favicon" not in url] == [], name
        assert figures.layout_shift == 0, (name, figures.moved)
        rows.append(figures.row(name, device))
        return figures

    storefront = look("storefront", lambda: page.goto("/"))
    assert storefront.largest_paint > 0
    assert len(storefront.requests) <= 20
    button = shopper.product("Field Notebook").get_by_role("button", name="Add to cart")
    assert len(look("a product added", lambda: press(button, page)).questions) == 1
    assert len(look("the cart opened", shopper.open_cart).questions) == 1
    more = shopper.cart.get_by_role("button", name="Increase the quantity of Field Notebook")
    assert len(look("a quantity changed", lambda: press(more, page)).questions) == 1
    assert look("the cart's page", lambda: page.goto("/shop/cart/")).largest_paint > 0
    look("my orders' page", lambda: page.goto("/shop/orders/"))


def press(button: Any, page: Page) -> None:
    with page.expect_response(lambda response: response.request.method == "POST"):
        button.click()
    wait_until_idle(page)


@pytest.fixture(scope="module")
def rows() -> Any:
    """The rows of the table, which is written when all are there."""
    rows: list[str] = []
    yield rows
    if os.environ.get("FIGURES") == "1":
        keep("pages", lines(rows))


def lines(rows: list[str]) -> list[str]:
    ours = {path.name: len(gzip.compress(path.read_bytes())) for path in STATIC.glob("*cart.*s")}
    sizes = " and ".join(f"{size} bytes of `{name}`" for name, size in sorted(ours.items()))
    return [
        "Measured in the example shop by Chromium, with an empty cache and a processor slowed down "
        f"{SLOWER} times: when the",
        "largest element of a page is painted, how far elements move afterwards, and what is sent. "
        "The demo's server",
        "compresses nothing; Bootstrap is most of the weight, then the pictures.",
        "",
        "| what | screen | largest paint | layout shift | requests | sent |",
        "| --- | --- | --- | --- | --- | --- |",
        *(row.replace("| 0 ms |", "| |") for row in rows),
        "",
        f"What comes from this app is, compressed by gzip, {sizes}.",
        "The times are those of one run on a small machine, and differ from run to run. "
        "The test holds that nothing",
        "moves, and how much is requested.",
    ]
