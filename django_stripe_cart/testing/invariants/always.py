"""Invariants that always hold, even after crashes and faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, OrderEmail, OrderEvent, Refund
from django_stripe_cart.payments.metadata import ORDER_KEY, REFUND_KEY
from django_stripe_cart.testing.invariants.snapshot import Snapshot, active_refunds

Status = Order.Status

CLOSED_UNPAID = (Status.EXPIRED, Status.CANCELED, Status.FAILED)
PAID = (Status.PAID, Status.FULFILLED)


def check_open_carts(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each cart with several pending orders.

    Also yield a sentence for each order with a wrong ``open_cart``. It must be the order's cart
    while the order is pending, and None after that.
    """
    pending = Counter(order.cart_id for order in snapshot.orders if order.is_pending)
    for cart, number in pending.items():
        if cart is not None and number > 1:
            yield f"Cart {cart} has {number} pending orders."
    for order in snapshot.orders:
        expected = order.cart_id if order.is_pending else None
        if order.open_cart_id != expected:
            yield f"{_name(order)} has open_cart {order.open_cart_id}, not {expected}."


def check_stock(snapshot: Snapshot, before: Mapping[Any, int]) -> Iterator[str]:
    """Yield a sentence for each product whose stock is negative or wrong.

    ``before`` maps primary keys of products to their stock before the first order. It must equal
    the product's stock now, plus the quantity that orders have taken from the stock.
    """
    held: Counter[Any] = Counter()
    for order in snapshot.orders:
        for item in order.items.all():
            held[item.product_id] += item.stock_taken
    for pk, left in snapshot.stock.items():
        if left is not None and left < 0:
            yield f"Product {pk} has a stock of {left}."
    for pk, number in before.items():
        left = snapshot.stock.get(pk) or 0
        if left + held[pk] != number:
            yield (
                f"Product {pk} has a stock of {left} and orders hold {held[pk]},"
                f" but there were {number}."
            )


def check_stock_held(snapshot: Snapshot, counted: Mapping[Any, int]) -> Iterator[str]:
    """Yield a sentence for each order that has taken too much or too little stock.

    An order that was closed without payment must have taken none. ``counted`` has the primary keys
    of the products whose stock is counted.
    """
    for order in snapshot.orders:
        items = list(order.items.all())
        if order.status in CLOSED_UNPAID and any(item.stock_taken for item in items):
            yield f"{_name(order)} is closed, but holds stock."
        if not _must_hold_stock(order):
            continue
        for item in items:
            expected = item.quantity - sum(row.restocked for row in item.refunds.all())
            if item.product_id in counted and item.stock_taken != expected:
                yield (
                    f"{_name(order)} holds {item.stock_taken} of product {item.product_id},"
                    f" not {expected}."
                )


def check_payments(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each order that was paid twice, or whose payment is wrong or missing."""
    for id, number in Counter(order.payment_intent_id for order in snapshot.orders).items():
        if id and number > 1:
            yield f"Payment {id} belongs to {number} orders."
    paid = Counter(
        intent["metadata"].get(ORDER_KEY, "")
        for intent in snapshot.intents.values()
        if intent["status"] == "succeeded"
    )
    for order in snapshot.orders:
        if paid[str(order.reference)] > 1:
            yield f"{_name(order)} was charged {paid[str(order.reference)]} times."
        if order.status in PAID:
            yield from _check_payment(order, snapshot)


def check_refunds(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each refund that is too high, made twice, or different at Stripe."""
    for order in snapshot.orders:
        rows = active_refunds(order)
        listed = sum(row.amount for row in rows if row.stripe_id)
        ours = sum(row.amount for row in rows if row.source == Refund.Source.SHOP)
        succeeded = sum(row.amount for row in rows if row.is_succeeded)
        if order.amount_refunded != succeeded:
            recorded = order.amount_refunded
            yield (
                f"{_name(order)} has amount_refunded {recorded},"
                f" but its refunds add up to {succeeded}."
            )
        if max(listed, ours) > order.amount_paid:
            paid = order.amount_paid
            yield f"{_name(order)} was paid {paid}, but refunded {max(listed, ours)}."
        for row in order.refunds.all():
            at_stripe = snapshot.refunds.get(row.stripe_id or "")
            if row.stripe_id and (at_stripe is None or at_stripe["amount"] != row.amount):
                yield f"{_name(order)} has a refund {row.stripe_id} that differs from Stripe's."
    keys = Counter(
        (refund["metadata"] or {}).get(REFUND_KEY) for refund in snapshot.refunds.values()
    )
    for key, number in keys.items():
        if key and number > 1:
            yield f"Refund {key} was made {number} times at Stripe."


def report_unasked_refunds(keys: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each unasked refund, given the idempotency keys of these refunds.

    A refund is unasked if it was sent to Stripe outside of the ``refund_order`` call for it.
    """
    for key in keys:
        yield f"The refund {key} was sent to Stripe, but not by the call that asked for it."


def check_payment_urls(snapshot: Snapshot, handed_out: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each payment URL at which a shopper must not be able to pay.

    Each URL in ``handed_out`` must be the ``session_url`` of an order. An order whose session is
    still open must be pending.
    """
    stored = {order.session_url for order in snapshot.orders}
    for url in sorted({*handed_out} - stored):
        yield f"The payment URL {url} was handed out, but no order has it."
    for order in snapshot.orders:
        session = snapshot.session_of(order)
        if session is not None and session["status"] == "open" and not order.is_pending:
            yield f"{_name(order)} is {order.status}, but its session can still be paid."


def check_timelines(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each order with an incomplete timeline or a forbidden transition."""
    allowed = _allowed_transitions()
    for order in snapshot.orders:
        status = ""
        for entry in sorted(order.events.all(), key=lambda entry: entry.pk):
            if not entry.to_status:
                continue
            if entry.from_status != status:
                yield f"{_name(order)} was {status!r}, but its timeline continues with {entry}."
            if (entry.from_status, entry.to_status) not in allowed:
                transition = f"{entry.from_status!r} to {entry.to_status!r}"
                yield f"{_name(order)} made a transition that is not allowed, from {transition}."
            status = entry.to_status
        if status != order.status:
            yield f"{_name(order)} is {order.status!r}, but its timeline ends with {status!r}."


def check_emails(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each e-mail that the app sent too often.

    E-mails that were resent by staff do not count.
    """
    for order in snapshot.orders:
        sent = Counter(
            entry.message
            for entry in order.events.all()
            if entry.kind == "email_sent" and entry.source == OrderEvent.Source.SYSTEM
        )
        for kind, times in sent.items():
            several: dict[str, int] = {
                OrderEmail.Kind.REFUNDED: len(order.refunds.all()),
                OrderEmail.Kind.ISSUE: len(order.issues.all()),
            }
            occasions = several.get(kind, 1)
            if times > occasions:
                yield f"{_name(order)}: the e-mail {kind!r} was sent {times} times."


def _must_hold_stock(order: Order) -> bool:
    """Return whether an order must hold the stock of all its items."""
    if order.status == Status.PENDING:
        return True
    if order.status == Status.PROCESSING:
        return not order.held_for  # while it needs review, the stock may be missing
    return order.status in PAID


def _check_payment(order: Order, snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each difference between a paid order and its payment at Stripe."""
    if order.total == 0 and order.payment_intent_id is None:
        return
    intent = snapshot.intent_of(order)
    if intent is None or intent["status"] != "succeeded":
        yield f"{_name(order)} is {order.status}, but its payment did not succeed."
    elif (intent["currency"], intent["amount_received"]) != (order.currency, order.amount_paid):
        received = f"{intent['amount_received']} {intent['currency']}"
        paid = f"{order.amount_paid} {order.currency}"
        yield f"{_name(order)} has amount_paid {paid}, but Stripe received {received}."
    is_accepted = any(entry.kind == "issue_opened" for entry in order.events.all())
    if order.amount_paid != order.total and not (conf.session_options or is_accepted):
        yield f"{_name(order)} is {order.status} with {order.amount_paid} of {order.total}."


def _allowed_transitions() -> set[tuple[str, str]]:
    """Return the allowed changes of status, as pairs (from, to).

    For a new order, the first member of the pair is an empty string.
    """
    field = Order._meta.get_field("status")
    transitions = {
        (str(source), str(transition.target))
        for transition in field.get_all_transitions(Order)
        for source in _source_statuses(transition.source)
    }
    return transitions | {("", str(field.default))}


def _source_statuses(source: Any) -> Iterable[str]:
    """Return the statuses from which a transition may start.

    ``*`` and ``+`` stand for all statuses.
    """
    return [str(status) for status in Status] if source in ("*", "+") else [source]


def _name(order: Order) -> str:
    """Return the name of an order for a sentence: ``Order`` and the order's reference."""
    return f"Order {order.reference}"
