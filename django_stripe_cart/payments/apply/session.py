"""Apply a Checkout Session to its order, which becomes paid, processing, failed or closed."""

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

# Orders with these statuses have given their stock back, and their items are still in the cart.
RELEASED = (Status.EXPIRED, Status.CANCELED)
UNPAID = (Status.PENDING, Status.PROCESSING, Status.FAILED, *RELEASED)


def apply_session(order: Order, session: Session, *, by: Cause, change: OrderChange) -> None:
    """Update the locked ``order`` from its Checkout Session.

    Queues ``order_paid`` or ``order_canceled`` if the order gets that status.
    """
    if session.is_complete:
        _apply_complete_session(order, session, by=by, change=change)
    elif session.is_expired and order.is_pending:
        close_order(order, by=by, change=change)
    elif session.is_open and session.url:
        order.session_url = session.url


def adopt_session(order: Order, session: Session, *, by: Cause) -> bool:
    """Store a paid session on an order that has none, and return whether it was stored.

    The session must name the order in its ``client_reference_id``. An order without a session may
    come from an older backup. If the order has another session, this one is a second payment, and
    the order is flagged for review.
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
    """Mark the locked order as PAID, and queue ``order_paid`` and the e-mail to the shopper."""
    transition(order, lambda: order.mark_paid(at=timezone.now()), kind="paid", by=by)
    change.queue_signal(order_paid)
    queue_email(order, OrderEmail.Kind.PAID)


def close_order(order: Order, *, by: Cause, change: OrderChange, message: str = "") -> None:
    """Close a locked order that can't be paid any more, and give its stock back.

    The order becomes CANCELED if its cancellation was requested, and EXPIRED otherwise. Queues
    ``order_canceled`` for a canceled order. ``message`` is written to the timeline.
    """
    canceled = order.cancel_requested_at is not None
    mark = order.mark_canceled if canceled else order.mark_expired
    kind = "canceled" if canceled else "expired"
    transition(order, lambda: mark(at=timezone.now()), kind=kind, by=by, message=message)
    stock.give_back(order)
    if canceled:
        change.queue_signal(order_canceled)


def remove_from_cart(order: Order) -> None:
    """Remove the quantities of ``order`` from the cart from which it was placed."""
    if order.cart_id is not None:
        ordered = order.items.order_by().values_list("product_id", "quantity")
        carts.remove_ordered(order.cart_id, ordered)


def is_held_for_review(order: Order) -> bool:
    """Return whether the order stays PROCESSING until staff accept its payment."""
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
    """Update the locked order from a session that the shopper has completed."""
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
    """Store the shopper's e-mail address and the URL of Stripe's receipt on the order."""
    order.email = order.email or clean_email(session.email)
    if session.is_paid:
        order.receipt_url = session.receipt_url or order.receipt_url


def _mark_processing(order: Order, *, by: Cause, attention: str) -> None:
    """Mark the order as PROCESSING, and flag it for review if ``attention`` is not empty."""
    if order.status != Status.PROCESSING:
        transition(order, order.mark_processing, kind="processing", by=by)
    if attention:
        order.attention = attention
        note(order, kind="attention", by=by, message=attention)


def _mark_failed(order: Order, *, by: Cause) -> None:
    """Mark the order as FAILED, give its stock back and queue an e-mail to the shopper."""
    transition(order, lambda: order.mark_failed(at=timezone.now()), kind="failed", by=by)
    stock.give_back(order)
    queue_email(order, OrderEmail.Kind.FAILED)


def _find_attention_reason(order: Order, session: Session) -> str:
    """Return the reason why staff must review the order before it becomes PAID, or "".

    The reason is one of ``Order.Attention``. An order that gave its stock back takes it again.
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
    """Return whether the session has the currency and the amounts that the order allows.

    The subtotal must equal the order's total. Discounts, taxes and shipping change only
    ``amount_total`` (docs.stripe.com/api/checkout/sessions/object: total_details). They come from
    the host's session options, so without such options ``amount_total`` must be equal, too.
    """
    if (session.currency, session.amount_subtotal) != (order.currency, order.total):
        return False
    return session.amount_total == order.total or conf.session_options is not None


def _retake_stock(order: Order) -> str:
    """Take the order's stock again. Return ``PAID_WITHOUT_STOCK`` if too little is left, or ""."""
    try:
        with savepoint():
            stock.take_missing(order)
    except OutOfStock:
        return Attention.PAID_WITHOUT_STOCK
    return ""
