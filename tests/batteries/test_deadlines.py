"""A web worker is never held longer than 30 seconds, whatever Stripe does."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.checkout.flow import RETRY_DELAYS
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.gateway import DEADLINE, deadline, retrieve_session
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.gateway.http import TIMEOUT, DeadlineHTTPClient
from django_stripe_cart.models import Order, Product, Refund
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of
from django_stripe_cart.testing.invariants import violations

HELD = 30

# The same clockwork, but faster.
SHORT = (0.2, 0.3)
SHORT_PATIENCE = 2.5
# What the database and the pages cost on a busy machine is no matter of Stripe's.
OUR_OWN = 10


def test_the_timeouts_add_up_to_less_than_the_limit() -> None:
    # An attempt begins only if it would end in time, so all of them end within the patience;
    # after the last one, checkout may wait once more for another window's answer.
    assert sum(TIMEOUT) <= DEADLINE
    assert DEADLINE + sum(RETRY_DELAYS) < HELD


def test_there_is_time_for_a_second_attempt() -> None:
    assert 2 * sum(TIMEOUT) + 0.5 <= DEADLINE


@pytest.fixture
def box(settings: Any) -> Iterator[Sandbox]:
    """Stripe on a socket; its webhooks stay in the box."""
    sandbox = Sandbox()
    sandbox.deliver_with(None)
    with sandbox.serve() as server, transport(DeadlineHTTPClient()):
        settings.STRIPE_CART_API_BASE = server.url
        yield sandbox


@pytest.fixture
def browser(user: User, box: Sandbox) -> Browser:
    return Browser(user)


def check_out(browser: Browser, box: Sandbox, product: Product) -> None:
    browser.add(product)
    browser.check_out()


def check_out_again(browser: Browser, box: Sandbox, product: Product) -> None:
    check_out(browser, box, product)


def check_out_changed(browser: Browser, box: Sandbox, product: Product) -> None:
    browser.set_quantity(product, 3)
    browser.check_out()


def come_back(browser: Browser, box: Sandbox, product: Product) -> None:
    browser.client.get(f"/shop/checkout/return/{browser.order.reference}/")


def cancel(browser: Browser, box: Sandbox, product: Product) -> None:
    with pytest.raises(PaymentError):
        cancel_order(browser.order)


def refund(browser: Browser, box: Sandbox, product: Product) -> None:
    with pytest.raises(PaymentError):
        refund_order(browser.order, 100)


def heal_refunds(browser: Browser, box: Sandbox, product: Product) -> None:
    for _refund in range(9):
        Refund.objects.create(order=browser.order, amount=100)
    with pytest.raises(PaymentError):
        sync_order(browser.order)


def open_order(browser: Browser, box: Sandbox, product: Product) -> None:
    check_out(browser, box, product)
    assert browser.order.is_payable


def paid_order(browser: Browser, box: Sandbox, product: Product) -> None:
    open_order(browser, box, product)
    box.pay(browser.order.session_url)
    sync_order(browser.order)
    assert browser.order.status == "paid"


def nothing(browser: Browser, box: Sandbox, product: Product) -> None:
    """No order yet; but what is slow the first time is done."""
    check_out(browser, box, product)
    Order.objects.all().delete()


Step = Callable[[Browser, Sandbox, Product], None]
STORIES: list[tuple[Step, Step]] = [
    (nothing, check_out),
    (open_order, check_out_again),
    (open_order, check_out_changed),
    (open_order, come_back),
    (open_order, cancel),
    (paid_order, refund),
    (paid_order, heal_refunds),
]


@contextmanager
def held_no_longer_than(seconds: float) -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < seconds + OUR_OWN


@contextmanager
def in_a_hurry(timeout: tuple[float, float] = SHORT) -> Iterator[None]:
    with (
        transport(DeadlineHTTPClient(timeout=timeout)),
        held_no_longer_than(SHORT_PATIENCE),
        deadline(SHORT_PATIENCE),
    ):
        yield


@pytest.mark.parametrize(("before", "step"), STORIES, ids=[step.__name__ for _, step in STORIES])
def test_a_silent_stripe_is_given_up_within_the_deadline(
    browser: Browser, box: Sandbox, mug: Product, before: Step, step: Step
) -> None:
    before(browser, box, mug)
    Order.objects.update(synced_at=None)
    attempts = len(box.requests)
    box.faults.add("* /v1/*", kind="timeout_before", times=None)

    with in_a_hurry():
        step(browser, box, mug)

    attempts = len(box.requests) - attempts
    assert attempts >= 1
    assert attempts * sum(SHORT) <= SHORT_PATIENCE + sum(SHORT)
    assert violations(box) == []


def test_slow_answers_are_given_up_within_the_deadline(
    browser: Browser, box: Sandbox, mug: Product
) -> None:
    paid_order(browser, box, mug)
    for _refund in range(9):
        Refund.objects.create(order=browser.order, amount=100, created=timezone.now())
    Order.objects.update(synced_at=None)
    before = len(box.requests)
    box.faults.add("* /v1/*", kind="slow", seconds=0.25, times=None)

    with in_a_hurry((0.2, 1.0)), pytest.raises(PaymentError):
        sync_order(browser.order)

    assert 2 <= len(box.requests) - before <= SHORT_PATIENCE / 0.25
    box.faults.clear()
    assert sync_order(browser.order).amount_refunded == 900


def test_with_the_real_timeouts_a_silent_stripe_ends_in_a_message(
    browser: Browser, box: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    box.faults.add("* /v1/*", kind="timeout_before", times=None)

    before = time.monotonic()
    answer = browser.check_out()

    assert time.monotonic() - before < HELD
    assert (answer.status_code, len(box.requests) <= 2) == (303, True)
    assert "can't be reached" in messages_of(answer)[0]


def test_the_outermost_deadline_applies(box: Sandbox) -> None:
    with (
        transport(DeadlineHTTPClient(timeout=SHORT)),
        deadline(0.1),
        deadline(60),
        pytest.raises(PaymentError),
    ):
        retrieve_session("cs_test_1")

    assert not box.requests


class Busy(http.server.BaseHTTPRequestHandler):
    """Asks to be left alone for a minute."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Retry-After", "60")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


def test_a_retry_after_header_of_a_minute_is_not_waited_for(settings: Any) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings.STRIPE_CART_API_BASE = f"http://127.0.0.1:{server.server_port}"

    try:
        with (
            held_no_longer_than(SHORT_PATIENCE),
            transport(DeadlineHTTPClient(timeout=SHORT)),
            pytest.raises(PaymentError),
        ):
            retrieve_session("cs_test_1")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
