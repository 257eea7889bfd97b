"""Invariants that hold again after faults have stopped and ``stripe_cart_sync`` has run."""

from __future__ import annotations

from collections.abc import Iterator

from django_stripe_cart.models import Order, OrderIssue, Refund
from django_stripe_cart.payments.metadata import ORDER_KEY
from django_stripe_cart.testing.invariants.snapshot import Snapshot
from django_stripe_cart.testing.invariants.troubles import is_seen_to
from django_stripe_cart.testing.payment_counter import times_received


def check_unfinished(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each order or webhook that should be finished by now.

    An order may still wait for the bank or for review by staff.
    """
    for order in snapshot.orders:
        if order.is_pending:
            yield f"Order {order.reference} is still pending."
        if order.status == Order.Status.PROCESSING and not order.held_for:
            intent = snapshot.intent_of(order)
            if intent is None or intent["status"] != "processing":
                yield f"Order {order.reference} is processing, but the bank has decided."
    for row in snapshot.unfinished_webhooks:
        yield f"Webhook {row.type} {row.event_id} is unfinished: {row.error or 'no error'}"


def check_payments(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each successful payment with no order, no issue and no full refund."""
    orders = {order.payment_intent_id: order for order in snapshot.orders}
    for intent in snapshot.intents.values():
        if intent["status"] != "succeeded":
            continue
        order = orders.get(intent["id"])
        if order is not None and order.amount_paid == intent["amount_received"]:
            continue
        given_back = snapshot.amount_refunded(
            intent["id"], "pending", "requires_action", "succeeded"
        )
        if given_back < intent["amount_received"] and not _has_issue(intent["id"], snapshot):
            amount = f"{intent['amount_received']} {intent['currency']}"
            yield f"The payment {intent['id']} of {amount} belongs to no order."


def check_refunds(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each difference between an order's refunds in the shop and at Stripe."""
    for order in snapshot.orders:
        at_stripe = snapshot.amount_refunded(order.payment_intent_id, "succeeded")
        if order.payment_intent_id and order.amount_refunded != at_stripe:
            recorded = order.amount_refunded
            yield (
                f"Order {order.reference} has amount_refunded {recorded},"
                f" but Stripe refunded {at_stripe}."
            )
        for row in order.refunds.all():
            if row.status == Refund.Status.UNKNOWN:
                yield f"Order {order.reference} has a refund of {row.amount} with unknown outcome."
            stripe_refund = snapshot.refunds.get(row.stripe_id or "")
            if stripe_refund is not None and stripe_refund["status"] != row.status:
                status = stripe_refund["status"]
                yield f"Order {order.reference}: {row.stripe_id} is {status}, not {row.status}."


def check_disputes(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each dispute whose statuses in the shop and at Stripe differ."""
    rows = {row.stripe_id: row for order in snapshot.orders for row in order.disputes.all()}
    references = {str(order.reference) for order in snapshot.orders}
    for dispute in snapshot.disputes.values():
        intent = snapshot.intents.get(dispute["payment_intent"])
        if intent is None or intent["metadata"].get(ORDER_KEY) not in references:
            continue
        row = rows.get(dispute["id"])
        recorded = "not recorded" if row is None else row.status
        if recorded != dispute["status"]:
            yield f"The dispute {dispute['id']} is {dispute['status']}, but here {recorded}."


def check_order_paid_signals(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each order with a wrong number of ``order_paid`` signals.

    The signal must be received once for an order that was paid, and never for another order.
    """
    for order in snapshot.orders:
        received = times_received(order)
        if received != (order.paid_at is not None):
            yield (
                f"Order {order.reference} is {order.status};"
                f" order_paid was received {received} times."
            )


def _has_issue(intent_id: str, snapshot: Snapshot) -> bool:
    """Return whether an order has an issue about the payment.

    The issue may be open, or settled by a person.
    """
    sessions = {
        session["id"]
        for session in snapshot.sessions.values()
        if session["payment_intent"] == intent_id
    }
    return any(
        is_seen_to(order, OrderIssue.Reason.UNKNOWN_MONEY, about)
        for order in snapshot.orders
        for about in sessions
    )
