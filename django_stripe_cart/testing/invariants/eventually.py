"""Invariants that hold again once faults have stopped and ``stripe_cart_sync`` has run."""

from __future__ import annotations

from collections.abc import Iterator

from django_stripe_cart.models import Order, Refund
from django_stripe_cart.testing.invariants.snapshot import Snapshot
from django_stripe_cart.testing.payment_counter import times_received


def unfinished(snapshot: Snapshot) -> Iterator[str]:
    """Unfinished orders wait for the bank or for review; every webhook is processed."""
    for order in snapshot.orders:
        if order.is_pending:
            yield f"Order {order.reference} is still pending."
        if order.status == Order.Status.PROCESSING and not order.held_for:
            intent = snapshot.intent_of(order)
            if intent is None or intent["status"] != "processing":
                yield f"Order {order.reference} is processing, but the bank has decided."
    for row in snapshot.unfinished_webhooks:
        yield f"Webhook {row.type} {row.event_id} is unfinished: {row.error or 'no error'}"


def payments(snapshot: Snapshot) -> Iterator[str]:
    """Every successful payment belongs to an order."""
    orders = {order.payment_intent_id: order for order in snapshot.orders}
    for intent in snapshot.intents.values():
        if intent["status"] != "succeeded":
            continue
        order = orders.get(intent["id"])
        if order is not None and order.amount_paid == intent["amount_received"]:
            continue
        if not _is_recorded_as_unexpected(intent["id"], snapshot):
            amount = f"{intent['amount_received']} {intent['currency']}"
            yield f"The payment {intent['id']} of {amount} belongs to no order."


def refunds(snapshot: Snapshot) -> Iterator[str]:
    """Refunds and their totals are the same here and at Stripe."""
    for order in snapshot.orders:
        at_stripe = sum(refund["amount"] for refund in snapshot.refunds_at_stripe(order))
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


def order_paid_signals(snapshot: Snapshot) -> Iterator[str]:
    """``order_paid`` was received once for each paid order, and for no other."""
    for order in snapshot.orders:
        received = times_received(order)
        if received != (order.paid_at is not None):
            yield (
                f"Order {order.reference} is {order.status};"
                f" order_paid was received {received} times."
            )


def _is_recorded_as_unexpected(intent_id: str, snapshot: Snapshot) -> bool:
    """Whether the payment is on an order's timeline as unexpected."""
    sessions = {
        session["id"]
        for session in snapshot.sessions.values()
        if session["payment_intent"] == intent_id
    }
    return any(
        entry.kind == "unknown_money" and entry.message in sessions
        for order in snapshot.orders
        for entry in order.events.all()
    )
