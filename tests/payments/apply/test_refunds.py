"""What Stripe says about refunds: when they count, and what staff is told of those that fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.exceptions import PaymentError, PaymentRefused
from django_stripe_cart.gateway import create_session, retrieve_session
from django_stripe_cart.models import Order, OrderEmail, Refund
from django_stripe_cart.payments import sync_open_orders, sync_order
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.events import sign_event
from django_stripe_cart.testing.sandbox import post_webhook
from tests.support.orders import close_and_sell_out, issues, refreshed, settle

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

REFUND_FAILS_LATER = "4000000000005126"
REFUND_PENDING_FIRST = "4000000000007726"


def fail_the_refund(sandbox: Sandbox) -> None:
    sandbox.clock.advance(seconds=60)
    sandbox.deliver()


def ask_in_vain(sandbox: Sandbox, order: Order, kind: str = "timeout_before") -> Refund:
    """Ask for a refund that never reaches Stripe."""
    sandbox.faults.add("POST /v1/refunds", kind=kind, times=10)
    with pytest.raises(PaymentError):
        refund_order(order, 30000)
    sandbox.faults.clear()
    assert sandbox.refunds == []
    return order.refunds.get()


def sync_later(order: Order) -> list[Any]:
    Order.objects.filter(pk=order.pk).update(synced_at=timezone.now() - timedelta(hours=1))
    return [result.error for result in sync_open_orders()]


# --- refunds that only people send ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "server_error"])
def test_the_webhook_of_a_dashboard_refund_does_not_send_ours(
    paid: Order, sandbox: Sandbox, kind: str
) -> None:
    ask_in_vain(sandbox, paid, kind)

    sandbox.refund(paid.payment_intent_id, 30000)

    assert sum(refund["amount"] for refund in sandbox.refunds) == 30000


def test_a_sync_hours_later_sends_nothing(paid: Order, sandbox: Sandbox) -> None:
    ask_in_vain(sandbox, paid)
    sandbox.hold_deliveries = True
    sandbox.refund(paid.payment_intent_id, 30000)
    Refund.objects.filter(source="shop").update(created=timezone.now() - timedelta(hours=20))

    sync_later(paid)

    assert sum(refund["amount"] for refund in sandbox.refunds) == 30000


def test_a_refund_is_not_made_once_two_complete_lists_lack_it(
    paid: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    refund = ask_in_vain(sandbox, paid)

    sync_order(paid)
    sync_order(paid)
    assert (paid.refunds.get().status, issues(paid)) == ("unknown", [])

    Refund.objects.update(created=timezone.now() - timedelta(minutes=16))
    sync_order(paid)

    assert (paid.refunds.get().status, issues(paid)) == ("failed", ["refund_not_made"])
    assert paid.issues.get().about == str(refund.key)
    assert signals_sent.count("refund_failed") == 1
    assert sandbox.refunds == []


def test_the_first_list_of_an_old_refund_is_not_enough(paid: Order, sandbox: Sandbox) -> None:
    ask_in_vain(sandbox, paid)
    Refund.objects.update(created=timezone.now() - timedelta(hours=2))

    sync_order(paid)
    assert paid.refunds.get().status == "unknown"

    sync_order(paid)
    assert paid.refunds.get().status == "failed"


def test_a_refund_that_arrives_after_it_was_given_up_is_adopted(
    paid: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.hold_deliveries = True
    with monkeypatch.context() as patch:
        patch.setattr(gateway, "list_refunds", lambda intent: [])  # it lags behind
        refund_order(paid, 30000)
        Refund.objects.update(created=timezone.now() - timedelta(minutes=16))
        sync_order(paid)
    assert (paid.refunds.get().status, issues(paid)) == ("failed", ["refund_not_made"])

    sandbox.deliver()
    sync_order(paid)

    assert (paid.refunds.get().status, issues(paid)) == ("succeeded", [])
    assert refreshed(paid).amount_refunded == 30000


def test_a_refund_that_the_list_lacks_is_retrieved_by_its_id(
    paid: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(gateway, "list_refunds", lambda intent: [])
        sandbox.refund(paid.payment_intent_id, 30000)

    assert refreshed(paid).amount_refunded == 30000


def test_a_refund_that_stripe_refuses_to_list_is_given_up(paid: Order, sandbox: Sandbox) -> None:
    """Stripe knows nothing of a payment that was made with another account's key."""
    sandbox.faults.add("GET /v1/refunds", kind="bad_request", times=None)
    sandbox.faults.add("POST /v1/refunds", kind="bad_request", times=None)
    with pytest.raises(PaymentError):
        refund_order(paid)
    assert Refund.objects.get().status == "unknown"
    Refund.objects.update(created=timezone.now() - timedelta(days=60))

    assert sync_later(paid) == [None]

    assert Refund.objects.get().status == "failed"
    assert issues(paid) == ["refund_not_made"]


# --- what is said, and when ----------------------------------------------------------------------


def test_order_refunded_is_sent_when_the_refund_has_succeeded(
    pending: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    sandbox.pay(pending.session_url, card=REFUND_PENDING_FIRST)
    signals_sent.clear()

    order = refund_order(refreshed(pending))
    assert (order.refunds.get().status, order.status, signals_sent) == ("pending", "paid", [])
    assert not OrderEmail.objects.filter(kind="refunded").exists()

    sandbox.clock.advance(seconds=60)
    sandbox.deliver()
    assert refreshed(pending).status == "refunded"
    assert signals_sent == ["order_refunded"]
    assert OrderEmail.objects.filter(kind="refunded").count() == 1


def test_a_refund_that_waits_for_bank_details_is_not_announced_as_sent(
    paid: Order, sandbox: Sandbox
) -> None:
    sandbox.hold_deliveries = True
    refund = sandbox.refund(paid.payment_intent_id)
    sandbox.set_refund_status(refund["id"], "requires_action")
    sandbox.hold_deliveries = False
    sandbox.deliver()

    assert paid.refunds.get().status == "requires_action"
    assert not OrderEmail.objects.filter(kind="refunded").exists()
    assert paid.events.filter(kind="refund_waits").exists()


def test_an_endpoint_of_an_older_version_hears_of_a_failed_refund(
    paid: Order, sandbox: Sandbox
) -> None:
    """Before 2024-10-28.acacia, refund.updated and refund.failed were not sent for charges."""
    refund_order(paid)
    sandbox.hold_deliveries = True
    sandbox.set_refund_status(sandbox.refunds[0], "failed")
    event = next(one for one in sandbox.events if one["type"] == "charge.refund.updated")

    signed = sign_event(event)
    assert post_webhook(signed.body, signed.headers) == 200
    assert (refreshed(paid).status, issues(paid)) == ("paid", ["refund_failed"])


# --- refunds that fail ---------------------------------------------------------------------------


def test_goods_that_are_gone_are_not_sold_because_their_refund_failed(
    pending: Order, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    close_and_sell_out(pending)
    sandbox.pay(pending.session_url, card=REFUND_FAILS_LATER)
    assert issues(pending) == ["paid_without_stock"]
    assert refund_order(refreshed(pending)).status == "refunded"
    assert issues(pending) == []
    signals_sent.clear()

    fail_the_refund(sandbox)

    order = refreshed(pending)
    assert (order.status, order.held_for) == ("processing", "paid_without_stock")
    assert issues(order) == ["paid_without_stock", "refund_failed"]
    assert "order_paid" not in signals_sent
    assert [item.stock_taken for item in order.items.all()] == [0]


def test_settling_the_failed_refund_of_a_held_order_does_not_release_it(
    pending: Order, sandbox: Sandbox
) -> None:
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url, card=REFUND_FAILS_LATER)
    assert issues(pending) == ["amount_mismatch"]
    refund_order(refreshed(pending))
    fail_the_refund(sandbox)
    assert issues(pending) == ["amount_mismatch", "refund_failed"]

    order = settle(pending, "refund_failed")

    assert (order.status, issues(order)) == ("processing", ["amount_mismatch"])
    assert settle(pending, "amount_mismatch").status == "paid"


def test_a_later_refund_of_the_amount_makes_a_failed_one_good(
    pending: Order, sandbox: Sandbox
) -> None:
    sandbox.pay(pending.session_url, card=REFUND_FAILS_LATER)
    for amount in (30000, 20000):
        refund_order(refreshed(pending), amount)
    fail_the_refund(sandbox)
    assert issues(pending) == ["refund_failed", "refund_failed"]

    first = pending.refunds.get(amount=30000)
    refund_order(refreshed(pending), 20000)

    assert pending.issues.open().get().about == first.stripe_id


# --- other payments of the order -----------------------------------------------------------------


@pytest.mark.parametrize("end", ["failed", "canceled"])
def test_a_second_payment_that_was_refunded_is_over_and_open_again_if_that_fails(
    paid: Order, sandbox: Sandbox, end: str
) -> None:
    second = create_session(paid.session_params or {}, idempotency_key="second")
    sandbox.pay(second.id)
    assert issues(paid) == ["unknown_money"]
    intent = retrieve_session(second.id).payment_intent_id

    refund = sandbox.refund(intent)
    assert (issues(paid), refreshed(paid).amount_refunded) == ([], 0)

    sandbox.set_refund_status(refund["id"], end)
    assert issues(paid) == ["unknown_money"]


def test_a_second_payment_stays_an_issue_when_the_first_is_refunded(
    paid: Order, sandbox: Sandbox
) -> None:
    second = create_session(paid.session_params or {}, idempotency_key="second")
    sandbox.pay(second.id)

    assert refund_order(refreshed(paid)).status == "refunded"

    assert issues(paid) == ["unknown_money"]


def test_a_list_that_is_behind_its_event_does_not_hide_a_failure(
    paid: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund_order(paid)
    listed = gateway.list_refunds(paid.payment_intent_id or "")
    monkeypatch.setattr(gateway, "list_refunds", lambda _intent: listed)

    sandbox.set_refund_status(sandbox.refunds[0], "failed")

    assert refreshed(paid).status == "paid"
    assert issues(paid) == ["refund_failed"]


def test_the_issue_of_a_second_payment_that_the_key_does_not_know_stays(
    paid: Order, sandbox: Sandbox
) -> None:
    second = create_session(paid.session_params or {}, idempotency_key="second")
    sandbox.pay(second.id)
    paid.issues.update(about="cs_test_of_another_account")

    sync_order(paid)

    assert issues(paid) == ["unknown_money"]


# --- lists that Stripe refuses -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bad_request", "unauthorized"])
def test_a_refund_that_is_not_recorded_is_not_given_up_because_its_list_is_refused(
    paid: Order, sandbox: Sandbox, kind: str
) -> None:
    sandbox.hold_deliveries = True
    sandbox.refund(paid.payment_intent_id, 30000)
    sandbox.faults.add("GET /v1/refunds", kind=kind, times=None)

    with pytest.raises(PaymentRefused):
        sync_order(paid)

    sandbox.faults.clear()
    assert sync_order(paid).amount_refunded == 30000


def test_a_refund_that_was_given_up_and_has_failed_is_announced_once(
    paid: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, signals_sent: list[str]
) -> None:
    sandbox.hold_deliveries = True
    with monkeypatch.context() as patch:
        patch.setattr(gateway, "list_refunds", lambda intent: [])
        refund_order(paid, 30000)
        Refund.objects.update(created=timezone.now() - timedelta(minutes=16))
        sync_order(paid)
    sandbox.set_refund_status(sandbox.refunds[0], "failed")

    sync_order(paid)

    assert issues(paid) == ["refund_failed"]
    assert signals_sent.count("refund_failed") == 1
