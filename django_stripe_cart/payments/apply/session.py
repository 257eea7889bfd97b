"""Apply a Checkout Session: the order becomes paid, processing, failed, expired or canceled."""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.cart import changes as carts
from django_stripe_cart.conf import conf
from django_stripe_cart.database import savepoint
from django_stripe_cart.emails import queue_email
from django_stripe_cart.emails.addresses import clean_email
from django_stripe_cart.exceptions import OutOfStock
from django_stripe_cart.gateway import Session
from django_stripe_cart.models import Order, OrderEmail
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.signals import order_canceled, order_paid
from django_stripe_cart.timeline import Cause, note, transition

Status = Order.Status
Attention = Order.Attention

# Closed without a payment: their stock was given back, and their lines are still in the cart.
RELEASED = (Status.EXPIRED, Status.CANCELED)
UNPAID = (Status.PENDING, Status.PROCESSING, Status.FAILED, *RELEASED)


def apply_session(order: Order, session: Session, *, by: Cause, change: OrderChange) -> None:
    """Bring the locked ``order`` to what ``session`` says.

    Queues ``order_paid`` or ``order_canceled``.
    """
    if session.is_complete:
        _apply_complete_session(order, session, by=by, change=change)
    elif session.is_expired and order.is_pending:
        close_order(order, by=by, change=change)
    elif session.is_open and session.url:
        order.session_url = session.url


def adopt_session(order: Order, session: Session, *, by: Cause) -> bool:
    """Handle a paid session that names the order but is not the one that the order stores.

    If the order stores none (it came from an older backup), this becomes its session. Otherwise it
    is a second payment, and the order is flagged for review. Returns whether the session is the
    order's now.
    """
    if not session.is_paid or session.client_reference_id != str(order.reference):
        return False
    if order.session_id is None:
        order.session_id = session.id
        return True
    if not order.events.filter(kind="unknown_money", message=session.id).exists():
        note(order, kind="unknown_money", by=by, message=session.id)
        order.attention = order.attention or Attention.UNKNOWN_MONEY
    return False


def mark_order_paid(order: Order, *, by: Cause, change: OrderChange) -> None:
    """Make the locked order PAID, queue ``order_paid`` and its e-mail."""
    transition(order, lambda: order.mark_paid(at=timezone.now()), kind="paid", by=by)
    change.queue_signal(order_paid)
    queue_email(order, OrderEmail.Kind.PAID)


def close_order(order: Order, *, by: Cause, change: OrderChange, message: str = "") -> None:
    """Close an order that can't be paid any more, and give its stock back.

    It becomes CANCELED if that was requested, which queues ``order_canceled``, and EXPIRED
    otherwise. ``message`` goes to the timeline.
    """
    canceled = order.cancel_requested_at is not None
    mark = order.mark_canceled if canceled else order.mark_expired
    kind = "canceled" if canceled else "expired"
    transition(order, lambda: mark(at=timezone.now()), kind=kind, by=by, message=message)
    stock.give_back(order)
    if canceled:
        change.queue_signal(order_canceled)


def remove_from_cart(order: Order) -> None:
    """Remove the ordered quantities from the cart that the order came from."""
    if order.cart_id is not None:
        ordered = order.items.order_by().values_list("product_id", "quantity")
        carts.remove_ordered(order.cart_id, ordered)


def is_held_for_review(order: Order) -> bool:
    """Whether staff must accept what was paid before the order can become PAID."""
    if order.status != Status.PROCESSING:
        return False
    has_unexpected_payment = order.attention == Attention.UNKNOWN_MONEY and order.amount_paid > 0
    return has_unexpected_payment or order.attention in (
        Attention.AMOUNT_MISMATCH,
        Attention.PAID_WITHOUT_STOCK,
    )


def _apply_complete_session(
    order: Order, session: Session, *, by: Cause, change: OrderChange
) -> None:
    order.payment_intent_id = session.payment_intent_id or order.payment_intent_id
    if order.anonymized_at is None:
        _store_contact(order, session)
    is_held = is_held_for_review(order)
    if session.is_paid:
        order.amount_paid = session.amount_total
    if order.status not in UNPAID or (is_held and not session.has_failed):
        return
    is_first = order.status == Status.PENDING or order.status in RELEASED
    if is_first:
        remove_from_cart(order)
    attention = _find_attention_reason(order, session)
    if session.is_paid and not attention:
        mark_order_paid(order, by=by, change=change)
        return
    if is_first or attention:
        _mark_processing(order, by=by, attention=attention)
    if session.has_failed and order.status == Status.PROCESSING:
        _mark_failed(order, by=by)
        if is_held:
            order.attention = ""


def _store_contact(order: Order, session: Session) -> None:
    order.email = order.email or clean_email(session.email)
    if session.is_paid:
        order.receipt_url = session.receipt_url or order.receipt_url


def _mark_processing(order: Order, *, by: Cause, attention: str) -> None:
    if order.status != Status.PROCESSING:
        transition(order, order.mark_processing, kind="processing", by=by)
    if attention:
        order.attention = attention
        note(order, kind="attention", by=by, message=attention)


def _mark_failed(order: Order, *, by: Cause) -> None:
    transition(order, lambda: order.mark_failed(at=timezone.now()), kind="failed", by=by)
    stock.give_back(order)
    queue_email(order, OrderEmail.Kind.FAILED)


def _find_attention_reason(order: Order, session: Session) -> str:
    """Return the ``Attention`` that keeps the order from becoming PAID, or an empty string.

    Takes the stock again that the order gave back when it was closed.
    """
    without_stock = ""
    if order.status in RELEASED or (order.status == Status.FAILED and session.is_paid):
        without_stock = _retake_stock(order)
    if session.is_paid and session.livemode != order.livemode:
        return Attention.UNKNOWN_MONEY
    if session.is_paid and not _amounts_match(order, session):
        return Attention.AMOUNT_MISMATCH
    return without_stock


def _amounts_match(order: Order, session: Session) -> bool:
    """Whether the lines add up to the order's total, and any other amount was the host's choice.

    Discounts, taxes and shipping change only ``amount_total``
    (docs.stripe.com/api/checkout/sessions/object: total_details). They come from the host's
    session options, so without such options the two amounts are equal.
    """
    if (session.currency, session.amount_subtotal) != (order.currency, order.total):
        return False
    return session.amount_total == order.total or conf.session_options is not None


def _retake_stock(order: Order) -> str:
    try:
        with savepoint():
            stock.take_missing(order)
    except OutOfStock:
        return Attention.PAID_WITHOUT_STOCK
    return ""
