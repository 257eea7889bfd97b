"""The rules that no crash, fault or disorder may break, not even for a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, OrderEmail, OrderEvent, Refund
from django_stripe_cart.payments.metadata import ORDER_KEY, REFUND_KEY
from django_stripe_cart.testing.invariants.snapshot import Books, standing

Status = Order.Status

CLOSED_UNPAID = (Status.EXPIRED, Status.CANCELED, Status.FAILED)
PAID = (Status.PAID, Status.FULFILLED)


def slots(books: Books) -> Iterator[str]:
    """At most one pending order for each cart, which holds the cart's slot; and only then."""
    pending = Counter(order.cart_id for order in books.orders if order.is_pending)
    for cart, number in pending.items():
        if cart is not None and number > 1:
            yield f"Cart {cart} has {number} pending orders."
    for order in books.orders:
        wanted = order.cart_id if order.is_pending else None
        if order.open_cart_id != wanted:
            yield f"{_name(order)} holds the slot of cart {order.open_cart_id}, not {wanted}."


def stock(books: Books, before: Mapping[Any, int]) -> Iterator[str]:
    """No stock below zero; what is left and what orders hold is what there was."""
    held: Counter[Any] = Counter()
    for order in books.orders:
        for item in order.items.all():
            held[item.product_id] += item.stock_taken
    for pk, left in books.stock.items():
        if left is not None and left < 0:
            yield f"Product {pk} has a stock of {left}."
    for pk, number in before.items():
        left = books.stock.get(pk) or 0
        if left + held[pk] != number:
            yield (
                f"Product {pk}: {left} are left and orders hold {held[pk]},"
                f" but there were {number}."
            )


def goods(books: Books, counted: Mapping[Any, int]) -> Iterator[str]:
    """Who may pay or has paid holds the goods; who can't pay any more holds none."""
    for order in books.orders:
        items = list(order.items.all())
        if order.status in CLOSED_UNPAID and any(item.stock_taken for item in items):
            yield f"{_name(order)} is closed, but holds stock."
        if not _must_hold_stock(order):
            continue
        for item in items:
            if item.product_id in counted and item.stock_taken != item.quantity:
                yield (
                    f"{_name(order)} holds {item.stock_taken} of product {item.product_id},"
                    f" not {item.quantity}."
                )


def payments(books: Books) -> Iterator[str]:
    """A paid order stands on one payment, of our amount; no payment stands on two orders."""
    for id, number in Counter(order.payment_intent_id for order in books.orders).items():
        if id and number > 1:
            yield f"Payment {id} stands on {number} orders."
    paid = Counter(
        intent["metadata"].get(ORDER_KEY, "")
        for intent in books.intents.values()
        if intent["status"] == "succeeded"
    )
    for order in books.orders:
        if paid[str(order.reference)] > 1:
            yield f"{_name(order)} was charged {paid[str(order.reference)]} times."
        if order.status in PAID:
            yield from _payment_of(order, books)


def refunds(books: Books) -> Iterator[str]:
    """No more goes back than was paid; each of our refunds is made at most once."""
    for order in books.orders:
        rows = standing(order)
        known = sum(row.amount for row in rows if row.stripe_id)
        ours = sum(row.amount for row in rows if row.source == Refund.Source.SHOP)
        if order.amount_refunded != known:
            yield f"{_name(order)} says {order.amount_refunded} went back, its refunds say {known}."
        if max(known, ours) > order.amount_paid:
            paid = order.amount_paid
            yield f"{_name(order)} was paid {paid}, and refunded {max(known, ours)}."
        for row in order.refunds.all():
            seen = books.refunds.get(row.stripe_id or "")
            if row.stripe_id and (seen is None or seen["amount"] != row.amount):
                yield f"{_name(order)} has a refund {row.stripe_id} that Stripe does not have so."
    keys = Counter((refund["metadata"] or {}).get(REFUND_KEY) for refund in books.refunds.values())
    for key, number in keys.items():
        if key and number > 1:
            yield f"Refund {key} was made {number} times at Stripe."


def addresses(books: Books, handed_out: Iterable[str]) -> Iterator[str]:
    """An address in a shopper's hands is known to us; while it can be paid, its order waits."""
    stored = {order.session_url for order in books.orders}
    for url in sorted({*handed_out} - stored):
        yield f"The address {url} was handed out, but no order has it."
    for order in books.orders:
        session = books.session_of(order)
        if session is not None and session["status"] == "open" and not order.is_pending:
            yield f"{_name(order)} is {order.status}, but its session can still be paid."


def timelines(books: Books) -> Iterator[str]:
    """Each order came to where it is by legal moves, one after the other, all written down."""
    legal = _legal_moves()
    for order in books.orders:
        at = ""
        for entry in sorted(order.events.all(), key=lambda entry: entry.pk):
            if not entry.to_status:
                continue
            if entry.from_status != at:
                yield f"{_name(order)} was {at!r}, but its timeline goes on from {entry}."
            if (entry.from_status, entry.to_status) not in legal:
                move = f"{entry.from_status!r} to {entry.to_status!r}"
                yield f"{_name(order)} made an illegal move, from {move}."
            at = entry.to_status
        if at != order.status:
            yield f"{_name(order)} is {order.status!r}, but its timeline ends at {at!r}."


def emails(books: Books) -> Iterator[str]:
    """Nobody is written to twice about the same thing; what staff sends again does not count."""
    for order in books.orders:
        sent = Counter(
            entry.message
            for entry in order.events.all()
            if entry.kind == "email_sent" and entry.source == OrderEvent.Source.SYSTEM
        )
        for kind, times in sent.items():
            occasions = len(order.refunds.all()) if kind == OrderEmail.Kind.REFUNDED else 1
            if times > occasions:
                yield f"{_name(order)}: the e-mail {kind!r} was sent {times} times."


def _must_hold_stock(order: Order) -> bool:
    if order.status == Status.PENDING:
        return True
    if order.status == Status.PROCESSING:
        return not order.attention  # until then, a person may find that there is none
    went_back = any(row.restock and row.stripe_id for row in order.refunds.all())
    return order.status in PAID and not went_back


def _payment_of(order: Order, books: Books) -> Iterator[str]:
    if order.total == 0 and order.payment_intent_id is None:
        return
    intent = books.intent_of(order)
    if intent is None or intent["status"] != "succeeded":
        yield f"{_name(order)} is {order.status}, but its payment did not succeed."
    elif (intent["currency"], intent["amount_received"]) != (order.currency, order.amount_paid):
        received = f"{intent['amount_received']} {intent['currency']}"
        yield f"{_name(order)} says {order.amount_paid} {order.currency}, Stripe {received}."
    is_accepted = any(entry.kind == "attention" for entry in order.events.all())
    if order.amount_paid != order.total and not (conf.session_options or is_accepted):
        yield f"{_name(order)} is {order.status} with {order.amount_paid} of {order.total}."


def _legal_moves() -> set[tuple[str, str]]:
    """From the machine itself, and the first move: an order comes into being pending."""
    field = Order._meta.get_field("status")
    moves = {
        (str(source), str(move.target))
        for move in field.get_all_transitions(Order)
        for source in _sources(move.source)
    }
    return moves | {("", str(field.default))}


def _sources(source: Any) -> Iterable[str]:
    return [str(status) for status in Status] if source in ("*", "+") else [source]


def _name(order: Order) -> str:
    return f"Order {order.reference}"
