"""What a Checkout Session makes of an order: paid, processing, failed, expired or canceled."""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.cart import changes as carts
from django_stripe_cart.conf import conf
from django_stripe_cart.database import savepoint
from django_stripe_cart.emails import promise_email
from django_stripe_cart.emails.addresses import valid_email
from django_stripe_cart.exceptions import OutOfStock
from django_stripe_cart.gateway import Session
from django_stripe_cart.models import Order, OrderEmail
from django_stripe_cart.payments.order_change import News
from django_stripe_cart.signals import order_canceled, order_paid
from django_stripe_cart.timeline import Cause, move, note

Status = Order.Status
Attention = Order.Attention

# Their stock was given back, and their lines are still in the cart.
GIVEN_UP = (Status.EXPIRED, Status.CANCELED)
WAITING = (Status.PENDING, Status.PROCESSING, Status.FAILED, *GIVEN_UP)


def apply(order: Order, session: Session, *, by: Cause, news: News) -> None:
    """Move the locked ``order`` to where ``session`` says it is."""
    if session.is_complete:
        _complete(order, session, by=by, news=news)
    elif session.is_expired and order.is_pending:
        close(order, by=by, news=news)
    elif session.is_open and session.url:
        order.session_url = session.url


def adopt(order: Order, session: Session, *, by: Cause) -> bool:
    """Take a session that is not the order's, but was paid in its name.

    If the order never learned of its own (a restored backup), this is it. Otherwise somebody paid
    a second time, and a person has to see to it.
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


def pay(order: Order, *, by: Cause, news: News) -> None:
    move(order, lambda: order.mark_paid(at=timezone.now()), kind="paid", by=by)
    news.add(order_paid)
    promise_email(order, OrderEmail.Kind.PAID)


def close(order: Order, *, by: Cause, news: News, message: str = "") -> None:
    """End an order that can't be paid any more: canceled if that was asked for, else expired."""
    canceled = order.cancel_requested_at is not None
    transition = order.mark_canceled if canceled else order.mark_expired
    kind = "canceled" if canceled else "expired"
    move(order, lambda: transition(at=timezone.now()), kind=kind, by=by, message=message)
    stock.give_back(order)
    if canceled:
        news.add(order_canceled)


def take_out_of_cart(order: Order) -> None:
    if order.cart_id is not None:
        ordered = order.items.order_by().values_list("product_id", "quantity")
        carts.take_out(order.cart_id, ordered)


def _complete(order: Order, session: Session, *, by: Cause, news: News) -> None:
    order.payment_intent_id = session.payment_intent_id or order.payment_intent_id
    if order.anonymized_at is None:
        _note_who_paid(order, session)
    is_held = is_held_for_a_person(order)
    if session.is_paid:
        order.amount_paid = session.amount_total
    if order.status not in WAITING or (is_held and not session.has_failed):
        return
    is_news = order.status == Status.PENDING or order.status in GIVEN_UP
    if is_news:
        take_out_of_cart(order)
    attention = _find_trouble(order, session)
    if session.is_paid and not attention:
        pay(order, by=by, news=news)
        return
    if is_news or attention:
        _process(order, by=by, attention=attention)
    if session.has_failed and order.status == Status.PROCESSING:
        move(order, lambda: order.mark_failed(at=timezone.now()), kind="failed", by=by)
        stock.give_back(order)
        promise_email(order, OrderEmail.Kind.FAILED)
        if is_held:
            order.attention = ""


def _note_who_paid(order: Order, session: Session) -> None:
    order.email = order.email or valid_email(session.email)
    if session.is_paid:
        order.receipt_url = session.receipt_url or order.receipt_url


def is_held_for_a_person(order: Order) -> bool:
    """Whether somebody has to accept what arrived, before the order can be paid."""
    if order.status != Status.PROCESSING:
        return False
    paid_wrongly = order.attention == Attention.UNKNOWN_MONEY and order.amount_paid > 0
    return paid_wrongly or order.attention in (
        Attention.AMOUNT_MISMATCH,
        Attention.PAID_WITHOUT_STOCK,
    )


def _process(order: Order, *, by: Cause, attention: str) -> None:
    if order.status != Status.PROCESSING:
        move(order, order.mark_processing, kind="processing", by=by)
    if attention:
        order.attention = attention
        note(order, kind="attention", by=by, message=attention)


def _find_trouble(order: Order, session: Session) -> str:
    """str, the ``Attention`` that keeps this order from being simply paid, or nothing."""
    without_stock = ""
    if order.status in GIVEN_UP or (order.status == Status.FAILED and session.is_paid):
        without_stock = _take_stock_again(order)
    if session.is_paid and session.livemode != order.livemode:
        return Attention.UNKNOWN_MONEY
    if session.is_paid and not _is_what_was_asked(order, session):
        return Attention.AMOUNT_MISMATCH
    return without_stock


def _is_what_was_asked(order: Order, session: Session) -> bool:
    """Whether the lines came to our total, and nothing was added to it that the host didn't allow.

    Discounts, taxes and shipping change only ``amount_total``
    (docs.stripe.com/api/checkout/sessions/object: total_details).
    """
    if (session.currency, session.amount_subtotal) != (order.currency, order.total):
        return False
    return session.amount_total == order.total or conf.session_options is not None


def _take_stock_again(order: Order) -> str:
    try:
        with savepoint():
            stock.take_again(order)
    except OutOfStock:
        return Attention.PAID_WITHOUT_STOCK
    return ""
