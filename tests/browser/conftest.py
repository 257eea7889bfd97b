"""The example shop as ``manage.py demo`` serves it, and Chromium to walk through it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

if os.environ.get("CI") == "true":
    import playwright  # noqa: F401  (elsewhere, without it the tests are skipped)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route

    from tests.browser.shopper import Shopper

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "example_project" / "manage.py")]
PATIENCE = 240  # seconds for the demo to draw its pictures and open, on a busy machine
PATIENCE_OF_PAGES = 60_000  # ms, for a busy machine
SHOPPERS = 120

# As root, in a container, and without calling home.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# For wait_until_idle(): how many answers the script waits for, or has not yet shown.
COUNT_ASKING = """
window.asking = 0;
const fetchUncounted = window.fetch;
window.fetch = async (...question) => {
  const done = () => setTimeout(() => (window.asking -= 1));
  window.asking += 1;
  try {
    const response = await fetchUncounted(...question);
    const text = response.text.bind(response);
    response.text = () => text().finally(done);
    if (!response.ok) done();
    return response;
  } catch (error) {
    done();
    throw error;
  }
};
"""

# One user for each test, each with a session of their own: signing in by password takes a second.
MAKE_SHOPPERS = f"""
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

for n in range({SHOPPERS}):
    user = User.objects.create(username=f"shopper{{n}}", email=f"shopper{{n}}@example.com")
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    print(session.session_key)
"""

RENDER_ERRORS = """
import json
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory

request = RequestFactory().get("/nothing")
request.user = AnonymousUser()
names = ("404.html", "500.html")
print(json.dumps({name: render_to_string(name, request=request) for name in names}))
"""


@dataclass
class Shop:
    """The running demo."""

    url: str
    environ: dict[str, str]

    def execute(self, sql: str) -> None:
        """Change what the shop has, at once: a shell of Django takes seconds to start."""
        path = Path(self.environ["SHOP_DATA_DIR"], "shop.sqlite3")
        with closing(sqlite3.connect(path, timeout=60)) as database, database:
            database.execute(sql)

    def run(self, code: str) -> str:
        """Run ``code`` in the shop's own Python, as a shopkeeper with the admin would."""
        command = [*MANAGE, "shell", "-v", "0", "-c", code]
        done = subprocess.run(command, env=self.environ, check=True, capture_output=True, text=True)
        return done.stdout

    def serve_errors(self, page: Page) -> list[str]:
        """Serve ``page`` as the error page of a shop without ``DEBUG``."""
        pages: dict[str, str] = json.loads(self.run(RENDER_ERRORS))
        for name, html in pages.items():
            page.route(f"**/{name}", answer_with(html))
        return list(pages)


def answer_with(html: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=html, content_type="text/html")


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    directory = tmp_path_factory.mktemp("shop")
    # The addresses are in the pictures, where they should be those that "make demo" prints.
    port, sandbox_port = (8000, 8001) if os.environ.get("SCREENSHOTS") == "1" else free_ports(2)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
    kept.pop("DATABASE_URL", None)
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    environ = kept | {
        "PYTHONPATH": str(ROOT),
        "SHOP_DATA_DIR": str(directory),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "SHOP_LANGUAGES": "en-gb,de,ar",
    }
    shop = Shop(f"http://127.0.0.1:{port}", environ)
    with (directory / "demo.log").open("wb") as log:
        demo = subprocess.Popen([*MANAGE, "demo"], env=environ, stdout=log, stderr=log)
        try:
            wait_until_open(shop, demo, log=directory / "demo.log")
            shop.execute("CREATE TABLE catalog AS SELECT * FROM stripe_cart_product")
            yield shop
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if find_spec("playwright") is None or executable is None:
        reason = "Playwright for Python and Chromium are needed (pip install playwright)."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_OF_PAGES)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


class Watch:
    """The errors in a browser's console, and its requests to other machines."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def observe(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        self.complaints.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:")):
            self.complaints.append(f"asked {request.url}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test if a page says anything on the console; clear it after trouble on purpose."""
    watch = Watch()
    yield watch
    assert watch.complaints == []


@pytest.fixture(autouse=True)
def full_shelves(shop: Shop) -> None:
    """No test finds something sold out, or repriced, by another."""
    shop.execute(
        "UPDATE stripe_cart_product SET (price, stock, is_active) = "
        "(SELECT price, stock, is_active FROM catalog WHERE id = stripe_cart_product.id)"
    )


@pytest.fixture
def open_page(chromium: Browser, shop: Shop, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser of its own."""
    contexts = []

    def open_page(width: int = 1280, height: int = 800, **options: Any) -> Page:
        options = {"reduced_motion": "reduce", "base_url": shop.url, **options}
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE_OF_PAGES)
        context.add_init_script(COUNT_ASKING)
        watch.observe(context)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="package")
def sessions(shop: Shop) -> Iterator[str]:
    return iter(shop.run(MAKE_SHOPPERS).split())


@pytest.fixture
def enter(shop: Shop, sessions: Iterator[str]) -> Callable[[Page], Shopper]:
    """Opens the storefront in ``page`` for a new signed-in user."""
    from tests.browser.shopper import Shopper

    def enter(page: Page) -> Shopper:
        cookie = {"name": "sessionid", "value": next(sessions), "url": shop.url}
        page.context.add_cookies([cookie])  # type: ignore[list-item]
        page.goto("/")
        return Shopper(page)

    return enter


@pytest.fixture
def shopper(open_page: Callable[..., Page], enter: Callable[[Page], Shopper]) -> Shopper:
    """The storefront in the browser of a new signed-in user."""
    return enter(open_page())


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def wait_until_open(shop: Shop, demo: subprocess.Popen[bytes], *, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while demo.poll() is None and time.monotonic() < deadline:
        try:
            build_opener(ProxyHandler({})).open(shop.url, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"The demo did not open:\n{log.read_text()}")
