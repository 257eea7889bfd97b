"""Shared fixtures: users, browsers, products, orders, and the sandbox in the same process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.dispatch import Signal
from django.utils import translation

from django_stripe_cart import signals
from django_stripe_cart.models import Cart, Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import CartFactory, make_product
from django_stripe_cart.testing.payment_counter import start_counting, stop_counting
from tests.support.languages import BrowserIn
from tests.support.orders import check_out, refreshed
from tests.support.other_process import BeforeRequest, acting_before_requests

pytest_plugins = ["django_stripe_cart.testing.fixtures"]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Without a database server, skip the whole run, or fail it in CI."""
    reason = _why_no_database()
    if reason:
        in_ci = os.environ.get("CI") == "true"
        word = "FAILED" if in_ci else "SKIPPED"
        pytest.exit(f"{word}: {reason}", returncode=int(in_ci))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that are marked ``not_on`` this database."""
    vendor = connection.vendor
    out = [
        item
        for item in items
        if any(vendor in mark.args for mark in item.iter_markers(name="not_on"))
    ]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In CI, fail the run if a test was skipped, as for a missing browser or tool."""
    if os.environ.get("CI") == "true" and terminalreporter.stats.get("skipped"):
        terminalreporter.section("skipped in CI, where nothing may be")
        terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED  # type: ignore[union-attr]


def _why_no_database() -> str:
    try:
        settings = connection.settings_dict
    except ImproperlyConfigured as error:
        return f"The database's driver is not installed: {error}"
    if settings["ENGINE"].endswith("sqlite3"):
        return ""
    address = settings["HOST"], int(settings["PORT"])
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError as error:
        return f"No database server answers at {address[0]}:{address[1]}: {error}"
    return ""


@pytest.fixture
def sandbox(stripe_sandbox: Sandbox) -> Sandbox:
    """The sandbox in the place of Stripe, which delivers its webhooks to this project."""
    return stripe_sandbox


@pytest.fixture
def before_request(sandbox: Sandbox) -> Iterator[BeforeRequest]:
    """``before_request("POST /v1/refunds", act)``: another process acts just before that request.

    It acts before the next request that matches, or before each of the next ``times``.
    """
    with acting_before_requests(sandbox) as before_request:
        yield before_request


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("demo", "demo@example.com", "demo")


@pytest.fixture
def browser(user: User, sandbox: Sandbox) -> Browser:
    """A signed-in shopper's browser, without JavaScript."""
    return Browser(user)


@pytest.fixture
def mug(db: None) -> Product:
    return make_product("Mug", price="499.00", stock=10)


@pytest.fixture
def lamp(db: None) -> Product:
    return make_product("Lamp", price="1299.50", stock=5)


@pytest.fixture
def vase(db: None) -> Product:
    return make_product("Vase", price="1234.50", stock=2)


@pytest.fixture
def guests_allowed(settings: Any) -> None:
    settings.STRIPE_CART_ALLOW_GUESTS = True


@pytest.fixture
def guest(db: None, sandbox: Sandbox, guests_allowed: None) -> Browser:
    """The browser of an anonymous shopper."""
    return Browser()


@pytest.fixture
def cart(user: User) -> Cart:
    """The user's empty cart."""
    return CartFactory(user=user)


@pytest.fixture
def pending(browser: Browser, mug: Product) -> Order:
    """A pending order of two mugs, 998.00, with an open session at Stripe."""
    return check_out(browser, mug, 2)


@pytest.fixture
def paid(pending: Order, sandbox: Sandbox) -> Order:
    """An order of two mugs, 998.00, paid at Stripe."""
    sandbox.pay(pending.session_url)
    return refreshed(pending)


@pytest.fixture
def counted_payments() -> Iterator[None]:
    """Count the ``order_paid`` signals of each order."""
    start_counting()
    yield
    stop_counting()


@pytest.fixture
def signals_sent() -> Iterator[list[str]]:
    """The names of the signals that were sent, in their order."""
    names = [name for name, value in vars(signals).items() if isinstance(value, Signal)]
    heard: list[str] = []
    receivers = []
    for name in names:

        def hear(name: str = name, **kwargs: object) -> None:
            heard.append(name)

        receivers.append((getattr(signals, name), hear))
        getattr(signals, name).connect(hear)
    yield heard
    for signal, hear in receivers:
        signal.disconnect(hear)


@pytest.fixture
def browser_in(user: User, sandbox: Sandbox, settings: Any) -> Iterator[BrowserIn]:
    """``browser_in("de")``: a browser that requests German, in a shop with ``LocaleMiddleware``."""
    place = settings.MIDDLEWARE.index("django.middleware.common.CommonMiddleware")
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:place],
        "django.middleware.locale.LocaleMiddleware",
        *settings.MIDDLEWARE[place:],
    ]
    settings.STRIPE_CART_CURRENCY = "eur"

    def browser_in(language: str) -> Browser:
        browser = Browser(user)
        browser.client.defaults["HTTP_ACCEPT_LANGUAGE"] = f"{language}, en;q=0.1"
        return browser

    yield browser_in
    translation.deactivate()
