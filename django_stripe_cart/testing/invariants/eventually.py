"""The rules that hold again once faults have stopped, time has passed and sync has run."""

from __future__ import annotations

from collections.abc import Iterator

from django_stripe_cart.models import Order, Refund
from django_stripe_cart.testing.invariants.snapshot import Books
from django_stripe_cart.testing.payment_counter import times_heard


def unfinished(books: Books) -> Iterator[str]:
    """Nobody waits for anything but the bank, or a person."""
    for order in books.orders:
        if order.is_pending:
            yield f"Order {order.reference} is still pending."
        if order.status == Order.Status.PROCESSING and not order.attention:
            intent = books.intent_of(order)
            if intent is None or intent["status"] != "processing":
                yield f"Order {order.reference} is processing, but the bank has decided."
    for row in books.unfinished_webhooks:
        yield f"Webhook {row.type} {row.event_id} is unfinished: {row.error or 'no error'}"


def money(books: Books) -> Iterator[str]:
    """Every payment that succeeded stands on an order."""
    orders = {order.payment_intent_id: order for order in books.orders}
    for intent in books.intents.values():
        if intent["status"] != "succeeded":
            continue
        order = orders.get(intent["id"])
        if order is not None and order.amount_paid == intent["amount_received"]:
            continue
        if not _is_known_as_unknown(intent["id"], books):
            amount = f"{intent['amount_received']} {intent['currency']}"
            yield f"The payment {intent['id']} of {amount} stands on no order."


def refunds(books: Books) -> Iterator[str]:
    """What we say of refunds is what Stripe says."""
    for order in books.orders:
        at_stripe = sum(refund["amount"] for refund in books.refunds_at_stripe(order))
        if order.payment_intent_id and order.amount_refunded != at_stripe:
            said = order.amount_refunded
            yield f"Order {order.reference} says {said} went back, Stripe {at_stripe}."
        for row in order.refunds.all():
            if row.status == Refund.Status.UNKNOWN:
                yield f"Order {order.reference} has a refund of {row.amount} of unknown outcome."
            seen = books.refunds.get(row.stripe_id or "")
            if seen is not None and seen["status"] != row.status:
                status = seen["status"]
                yield f"Order {order.reference}: {row.stripe_id} is {status}, not {row.status}."


def deliveries(books: Books) -> Iterator[str]:
    """``order_paid`` was delivered once for each order that was ever paid, and for no other."""
    for order in books.orders:
        heard = times_heard(order)
        if heard != (order.paid_at is not None):
            yield f"Order {order.reference} is {order.status}; order_paid was heard {heard} times."


def _is_known_as_unknown(intent_id: str, books: Books) -> bool:
    """Whether a person was told of a session that was paid beside the order's own."""
    sessions = {
        session["id"]
        for session in books.sessions.values()
        if session["payment_intent"] == intent_id
    }
    return any(
        entry.kind == "unknown_money" and entry.message in sessions
        for order in books.orders
        for entry in order.events.all()
    )
