"""``stripe_cart_sync``: open orders, and events that the webhook missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from django_stripe_cart.models import EventCursor, Order, Product, Refund, WebhookEvent
from django_stripe_cart.payments import sync_open_orders
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import OrderFactory, make_user
from django_stripe_cart.webhooks.missed_events import read_missed_events

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
    long_ago()

    output = run()

    assert f"{order.reference} pending -> paid" in output
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


def test_missed_events_are_read_from_stripes_list(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)
    sandbox.refund(sandbox.payment_intents[0]["id"], amount=5000)

    missed = read_missed_events()

    assert (missed.failed, missed.has_gap) == (0, False)
    assert (browser.order.status, browser.order.amount_refunded) == ("paid", 5000)
    assert not WebhookEvent.objects.filter(processed_at=None).exists()
    assert browser.order.events.get(kind="paid").source == "sync"


def test_a_second_reading_takes_nothing(sandbox: Sandbox, order: Order) -> None:
    sandbox.pay(order.session_url)
    assert read_missed_events().processed > 0

    assert read_missed_events().processed == 0


def test_the_cursor_waits_for_an_event_that_failed(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.refund(sandbox.pay(order.session_url) and sandbox.payment_intents[0]["id"])
    sandbox.faults.add("GET /v1/checkout/sessions/*", kind="server_error", times=99)

    assert read_missed_events().failed > 0
    assert not EventCursor.objects.exists()
    sandbox.faults.clear()

    assert read_missed_events().failed == 0
    assert EventCursor.objects.get().livemode is False
    assert browser.order.status == "refunded"


def test_an_event_that_fails_for_good_keeps_no_other_from_being_read(
    sandbox: Sandbox, make_order: Callable[..., Order]
) -> None:
    sandbox.hold_deliveries = True
    broken, well = make_order("pending"), make_order("pending")
    for order in (broken, well):
        sandbox.pay(order.session_url)
        payment = sandbox.payment_intents[-1]["id"]
        sandbox.refund(payment, amount=100)
    sandbox.faults.add(
        f"GET /v1/checkout/sessions/{broken.session_id}", kind="server_error", times=999
    )

    for _reading in range(2):  # and what had been finished stays so
        assert read_missed_events().failed > 0
        assert Order.objects.get(pk=well.pk).amount_refunded == 100
        assert Order.objects.get(pk=broken.pk).amount_refunded == 0
        assert not EventCursor.objects.exists()

    late = make_order("pending")
    sandbox.pay(late.session_url)
    assert read_missed_events().failed > 0
    assert Order.objects.get(pk=late.pk).status == "paid"


def test_a_gap_longer_than_stripe_keeps_events_is_warned_about(sandbox: Sandbox, db: None) -> None:
    EventCursor.objects.create(livemode=False, seen_until=timezone.now() - timedelta(days=40))

    assert "30 days" in run()


def test_a_list_that_can_not_be_read_is_a_failure(sandbox: Sandbox, db: None) -> None:
    sandbox.faults.add("GET /v1/events", kind="unauthorized", times=9)

    with pytest.raises(CommandError):
        run()
