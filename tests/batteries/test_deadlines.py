"""A web worker never waits for Stripe longer than 30 seconds."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.deadlines import DEADLINE, deadline
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.gateway import retrieve_session
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.gateway.http import TIMEOUT, DeadlineHTTPClient
from django_stripe_cart.models import Order, Product, Refund
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of
from django_stripe_cart.testing.invariants import violations

LIMIT = 30

# The same timeouts, but shorter
SHORT_TIMEOUT = (0.2, 0.3)
SHORT_DEADLINE = 5.0
# The time that the database and the pages may need on a busy machine
OVERHEAD = 10


def test_the_timeouts_add_up_to_less_than_the_limit() -> None:
    # An attempt starts only if it can end in time, so all attempts end before the deadline. The
    # wait for a concurrent request is part of it, too.
    assert sum(TIMEOUT) <= DEADLINE < LIMIT


def test_there_is_time_for_a_second_attempt() -> None:
    assert 2 * sum(TIMEOUT) + 0.5 <= DEADLINE


@pytest.fixture
def http_sandbox(settings: Any) -> Iterator[Sandbox]:
    """Stripe on a socket, which delivers no webhooks."""
    sandbox = Sandbox()
    sandbox.deliver_with(None)
    with sandbox.serve() as server, transport(DeadlineHTTPClient()):
        settings.STRIPE_CART_API_BASE = server.url
        yield sandbox


@pytest.fixture
def browser(user: User, http_sandbox: Sandbox) -> Browser:
    return Browser(user)


def check_out(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    browser.add(product)
    browser.check_out()


def resume_checkout(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    check_out(browser, http_sandbox, product)


def check_out_changed_cart(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    browser.set_quantity(product, 3)
    browser.check_out()


def return_from_stripe(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    browser.client.get(f"/shop/checkout/return/{browser.order.reference}/")


def cancel(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    with pytest.raises(PaymentError):
        cancel_order(browser.order)


def refund(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    with pytest.raises(PaymentError):
        refund_order(browser.order, 100)


def retry_refunds(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    for _refund in range(9):
        Refund.objects.create(order=browser.order, amount=100)
    with pytest.raises(PaymentError):
        sync_order(browser.order)


def open_order(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    check_out(browser, http_sandbox, product)
    assert browser.order.is_payable


def paid_order(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    open_order(browser, http_sandbox, product)
    http_sandbox.pay(browser.order.session_url)
    sync_order(browser.order)
    assert browser.order.status == "paid"


def no_order(browser: Browser, http_sandbox: Sandbox, product: Product) -> None:
    """Leave no order, but do what is slow at the first checkout."""
    check_out(browser, http_sandbox, product)
    Order.objects.all().delete()


Step = Callable[[Browser, Sandbox, Product], None]
CASES: list[tuple[Step, Step]] = [
    (no_order, check_out),
    (open_order, resume_checkout),
    (open_order, check_out_changed_cart),
    (open_order, return_from_stripe),
    (open_order, cancel),
    (paid_order, refund),
    (paid_order, retry_refunds),
]


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < seconds + OVERHEAD


@contextmanager
def short_deadline(timeout: tuple[float, float] = SHORT_TIMEOUT) -> Iterator[None]:
    with (
        transport(DeadlineHTTPClient(timeout=timeout)),
        at_most(SHORT_DEADLINE),
        deadline(SHORT_DEADLINE),
    ):
        yield


@pytest.mark.parametrize(("before", "step"), CASES, ids=[step.__name__ for _, step in CASES])
def test_a_silent_stripe_is_given_up_within_the_deadline(
    browser: Browser, http_sandbox: Sandbox, mug: Product, before: Step, step: Step
) -> None:
    before(browser, http_sandbox, mug)
    Order.objects.update(synced_at=None)
    attempts = len(http_sandbox.requests)
    http_sandbox.faults.add("* /v1/*", kind="timeout_before", times=None)

    with short_deadline():
        step(browser, http_sandbox, mug)

    attempts = len(http_sandbox.requests) - attempts
    assert attempts >= 1
    assert attempts * sum(SHORT_TIMEOUT) <= SHORT_DEADLINE + sum(SHORT_TIMEOUT)
    assert violations(http_sandbox) == []


def test_slow_answers_are_given_up_within_the_deadline(
    browser: Browser, http_sandbox: Sandbox, mug: Product
) -> None:
    paid_order(browser, http_sandbox, mug)
    for number in range(30):  # other payments, each of which is asked for
        browser.order.issues.create(reason="unknown_money", about=f"cs_test_{number}")
    before = len(http_sandbox.requests)
    http_sandbox.faults.add("* /v1/*", kind="slow", seconds=0.25, times=None)

    with short_deadline((0.2, 1.0)), pytest.raises(PaymentError):
        sync_order(browser.order)

    assert 2 <= len(http_sandbox.requests) - before <= SHORT_DEADLINE / 0.25
    http_sandbox.faults.clear()
    assert sync_order(browser.order).status == "paid"


def test_with_the_real_timeouts_a_silent_stripe_ends_in_a_message(
    browser: Browser, http_sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    http_sandbox.faults.add("* /v1/*", kind="timeout_before", times=None)

    before = time.monotonic()
    answer = browser.check_out()

    assert time.monotonic() - before < LIMIT
    assert (answer.status_code, len(http_sandbox.requests) <= 2) == (303, True)
    assert "can't be reached" in messages_of(answer)[0]


def test_the_outermost_deadline_applies(http_sandbox: Sandbox) -> None:
    with (
        transport(DeadlineHTTPClient(timeout=SHORT_TIMEOUT)),
        deadline(0.1),
        deadline(60),
        pytest.raises(PaymentError),
    ):
        retrieve_session("cs_test_1")

    assert not http_sandbox.requests


class BusyHandler(http.server.BaseHTTPRequestHandler):
    """An API that asks to be retried in a minute."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Retry-After", "60")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


def test_a_retry_after_header_of_a_minute_is_not_waited_for(settings: Any) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), BusyHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings.STRIPE_CART_API_BASE = f"http://127.0.0.1:{server.server_port}"

    try:
        with (
            at_most(SHORT_DEADLINE),
            transport(DeadlineHTTPClient(timeout=SHORT_TIMEOUT)),
            pytest.raises(PaymentError),
        ):
            retrieve_session("cs_test_1")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
