"""``stripe_cart_sync``: open orders, and events that the webhook missed."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import Order, Product, Refund
from django_stripe_cart.payments import sync_open_orders
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.http_client import SandboxClient
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import OrderFactory, make_user

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


@pytest.fixture
def order(sandbox: Sandbox, pending: Order) -> Order:
    """A pending order without webhooks."""
    sandbox.hold_deliveries = True
    return pending


def long_ago(**fields: Any) -> None:
    hour = timezone.now() - timedelta(hours=1)
    Order.objects.update(placed_at=hour, synced_at=None, **fields)


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("stripe_cart_sync", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def test_a_payment_without_a_webhook_is_found(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)

    output = run()

    assert "events: 1 processed" in output
    assert browser.order.status == "paid"


def test_a_payment_without_a_webhook_and_an_event_is_found(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)
    long_ago()
    sandbox.faults.add("GET /v1/events", kind="server_error", times=9)

    with pytest.raises(CommandError, match="1 could not be finished"):
        run()

    assert browser.order.status == "paid"


def test_a_running_checkout_is_left_alone(sandbox: Sandbox, order: Order) -> None:
    before = len(sandbox.requests)

    assert list(sync_open_orders()) == []

    assert len(sandbox.requests) == before


def test_a_session_past_its_time_is_looked_at_and_the_stock_comes_back(
    browser: Browser, sandbox: Sandbox, order: Order, mug: Product
) -> None:
    sandbox.clock.advance(hours=2)
    long_ago(session_expires_at=timezone.now() - timedelta(minutes=1))

    run()

    assert browser.order.status == "expired"
    mug.refresh_from_db()
    assert mug.stock == 10


def test_a_cancellation_that_could_not_be_carried_out_is_carried_out(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    long_ago(cancel_requested_at=timezone.now() - timedelta(minutes=10))

    run()

    assert browser.order.status == "canceled"
    assert sandbox.sessions[0]["status"] == "expired"


def test_a_bank_debit_is_synced_on_an_order_with_an_open_issue(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay_by_bank_debit(order.session_url)
    run(str(order.reference))
    assert browser.order.status == "processing"
    order.issues.create(reason="unknown_money", about="cs_test_other")
    long_ago()
    sandbox.settle(order.session_id)

    list(sync_open_orders())

    assert browser.order.status == "paid"


def test_a_refund_without_an_answer_is_finished(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)
    call_command("stripe_cart_sync", str(order.reference), stdout=StringIO())
    sandbox.faults.add("POST /v1/refunds", kind="timeout_after", times=3)
    with pytest.raises(Exception, match="reached"):
        refund_order(browser.order, 100)
    sandbox.faults.clear()
    Refund.objects.update(created=timezone.now() - timedelta(minutes=10))
    long_ago()

    run()

    assert browser.order.amount_refunded == 100


def test_a_dry_run_asks_nothing_and_changes_nothing(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)
    long_ago()
    before = len(sandbox.requests)

    output = run("--dry-run")

    assert f"{order.reference} pending (dry run)" in output
    assert (len(sandbox.requests), browser.order.status) == (before, "pending")
    assert browser.order.synced_at is None


def test_only_the_orders_that_were_named_are_looked_at(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)

    output = run(str(order.reference))

    assert output == f"{order.reference} pending -> paid\n"


@pytest.mark.parametrize("prefix", ["", "#"])
def test_an_order_can_be_named_by_its_number(
    browser: Browser, sandbox: Sandbox, order: Order, prefix: str
) -> None:
    sandbox.pay(order.session_url)

    assert run(prefix + order.number) == f"{order.reference} pending -> paid\n"


def test_a_number_of_several_orders_is_asked_back(db: None) -> None:
    ends = ("5d2c-4a0e-9b0b-2f6f3a9f0f11", "5d2c-4a0e-9b0b-2f6f3a9f0f12")
    one, other = (f"4563d6a1-{end}" for end in ends)
    for reference in (one, other):
        OrderFactory(total=1, reference=reference)

    with pytest.raises(CommandError, match=f"Which one: {one} or {other}\\?"):
        run("4563D6A1")


def test_a_dry_run_with_nothing_to_do_says_so(sandbox: Sandbox, order: Order) -> None:
    assert run("--dry-run") == "No order is overdue for a sync (dry run)\n"


@pytest.mark.parametrize(
    "reference",
    ["8c0b6ac8-5d2c-4a0e-9b0b-2f6f3a9f0f11", "not-a-reference", "8C0B6AC8", "#8c0b6ac8"],
)
def test_an_order_that_is_not_there_is_said_to_be_missing(db: None, reference: str) -> None:
    with pytest.raises(CommandError, match=f"There is no order {reference}"):
        run(reference)


def test_a_failure_is_one_line_and_an_exit_code(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    long_ago()
    sandbox.faults.add("GET /v1/checkout/sessions/*", kind="server_error", times=9)

    with pytest.raises(CommandError, match="1 could not be finished"):
        run()

    assert browser.order.status == "pending"


def test_a_failing_receiver_does_not_block_other_orders(
    browser: Browser, sandbox: Sandbox, order: Order, mug: Product
) -> None:
    other = Browser(make_user("other"))
    other.add(mug)
    other.check_out()
    for session in sandbox.sessions:
        sandbox.pay(session["url"])
    long_ago()

    def refuse_the_first(order: Order, **kwargs: Any) -> None:
        if order.user == browser.user:
            raise LookupError("a bug of the host's")

    order_paid.connect(refuse_the_first)
    try:
        with pytest.raises(CommandError) as caught:
            run()
    finally:
        order_paid.disconnect(refuse_the_first)

    assert "could not be finished" in str(caught.value)
    assert [*Order.objects.order_by("pk").values_list("status", flat=True)] == ["pending", "paid"]


def test_two_runs_side_by_side_work_on_an_order_once(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    long_ago()
    first, second = sync_open_orders(), sync_open_orders()
    before = len(sandbox.requests)

    assert len([*first, *second]) == 1

    assert len(sandbox.requests) == before + 1


def test_an_order_claimed_by_a_concurrent_run_is_skipped(sandbox: Sandbox, order: Order) -> None:
    long_ago()
    stale = Order.objects.get()
    Order.objects.update(synced_at=timezone.now())

    assert list(sync_open_orders([stale])) == []


# --- missed events ------------------------------------------------------------------------------


def test_a_list_that_can_not_be_read_is_a_failure(sandbox: Sandbox, db: None) -> None:
    sandbox.faults.add("GET /v1/events", kind="unauthorized", times=9)

    with pytest.raises(CommandError):
        run()


def test_a_failed_event_is_said_once_and_then_waits(
    sandbox: Sandbox, make_order: Callable[..., Order]
) -> None:
    sandbox.hold_deliveries = True
    order = make_order("paid")
    sandbox.refund(str(order.payment_intent_id), amount=100)
    sandbox.faults.add("GET /v1/checkout/sessions/*", kind="bad_request", times=99)
    with pytest.raises(CommandError, match="could not be finished"):
        run()

    output = run()

    assert "0 processed, 0 failed" in output


# --- time ---------------------------------------------------------------------------------------


@pytest.fixture
def overdue(make_order: Callable[..., Order], sandbox: Sandbox) -> list[Order]:
    """Five pending orders that are overdue for a sync."""
    sandbox.hold_deliveries = True
    orders = [make_order("pending") for _number in range(5)]
    long_ago()
    return orders


def test_the_sync_stops_when_stripe_is_silent(sandbox: Sandbox, overdue: list[Order]) -> None:
    sandbox.faults.add("GET /v1/checkout/sessions/*", kind="timeout_before", times=None)
    output = StringIO()

    with pytest.raises(CommandError, match="3 could not be finished"):
        call_command("stripe_cart_sync", stdout=output, stderr=output)

    assert "2 are left for the next run" in output.getvalue()


def test_the_next_run_begins_with_the_orders_that_were_left(
    sandbox: Sandbox, overdue: list[Order]
) -> None:
    sandbox.faults.add("GET /v1/checkout/sessions/*", kind="timeout_before", times=None)
    first = [result.order.pk for result in sync_open_orders()]
    Order.objects.filter(pk__in=first).update(synced_at=timezone.now() - timedelta(minutes=45))

    second = [result.order.pk for result in sync_open_orders()]

    assert len(first) == len(second) == 3
    assert set(second[:2]) == {order.pk for order in overdue} - set(first)


def test_e_mails_are_sent_although_stripe_is_silent(
    sandbox: Sandbox, overdue: list[Order], make_order: Callable[..., Order]
) -> None:
    paid = make_order("paid")
    mail.outbox.clear()
    paid.emails.update(claimed_at=None, sent_at=None, due_at=timezone.now())
    sandbox.faults.add("*", kind="timeout_before", times=None)

    with pytest.raises(CommandError):
        run()

    assert [message.to for message in mail.outbox] == [[paid.email]]


def test_the_time_of_a_run_is_limited(sandbox: Sandbox, overdue: list[Order]) -> None:
    before = len(sandbox.requests)

    with pytest.raises(CommandError):
        run("--seconds", "1")  # too short for a request

    assert len(sandbox.requests) == before
    assert not Order.objects.exclude(synced_at=None).exists()


def test_events_that_take_long_leave_time_for_orders(
    sandbox: Sandbox, overdue: list[Order], make_order: Callable[..., Order]
) -> None:
    paid = make_order("paid")
    for _number in range(25):
        sandbox.refund(str(paid.payment_intent_id), amount=100)
    passed = 0.0
    monotonic = time.monotonic

    def answer_slowly(*request: Any) -> Any:
        nonlocal passed
        passed += 6
        return sandbox.handle(*request)

    with (
        patch("time.monotonic", lambda: monotonic() + passed),
        transport(SandboxClient(answer_slowly)),
        pytest.raises(CommandError),
    ):
        run()

    assert Order.objects.exclude(pk=paid.pk).filter(synced_at=None).count() == 0
