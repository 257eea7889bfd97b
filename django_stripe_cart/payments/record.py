"""What Stripe's answers make of an order: written here only, under the lock, in one transaction.

A fact is recorded whatever state the order is in, and never refused: the money is the truth.
"""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Order
from django_stripe_cart.payments.apply import disputes as dispute
from django_stripe_cart.payments.apply import refunds as refund
from django_stripe_cart.payments.apply import session as payment
from django_stripe_cart.payments.order_change import News
from django_stripe_cart.payments.snapshot import Look
from django_stripe_cart.timeline import Cause, lock_order


def record(order: Order, look: Look, *, by: Cause) -> Order:
    """Apply what Stripe showed, tell of it, and return the order freshly read.

    The payment first, with its news, and then what came after it: a receiver of ``order_paid`` sees
    a paid order, even if it was refunded before we heard of either. Raises ``Overtaken`` if a newer
    look was recorded meanwhile.
    """
    order = _record_payment(order, look, by=by)
    if look.refunds is None and look.disputes is None:
        return order
    return _record_aftermath(order, look, by=by)


@in_transaction
def _record_payment(order: Order, look: Look, *, by: Cause) -> Order:
    order = lock_order(order)
    news = News(order)
    order.synced_at = timezone.now()
    if look.session.id == order.session_id or payment.adopt(order, look.session, by=by):
        payment.apply(order, look.session, by=by, news=news)
    return news.tell()


@in_transaction
def _record_aftermath(order: Order, look: Look, *, by: Cause) -> Order:
    order = lock_order(order)
    news = News(order)
    if look.refunds is not None:
        refund.apply(order, look.refunds, known=look.known, by=by, news=news)
    if look.disputes is not None:
        dispute.apply(order, look.disputes, known=look.known, by=by, news=news)
    return news.tell()


@in_transaction
def record_free(order: Order, *, by: Cause) -> Order:
    """An order of nothing to pay is paid at once; Stripe is not asked."""
    order = lock_order(order)
    news = News(order)
    if order.total == 0 and order.is_pending:
        if order.cancel_requested_at is not None:
            payment.close(order, by=by, news=news)
        else:
            payment.take_out_of_cart(order)
            payment.pay(order, by=by, news=news)
    return news.tell()


@in_transaction
def close_unlearned(order: Order, *, by: Cause, message: str = "") -> Order:
    """Close a pending order that nobody can pay, because its address was never handed out.

    Under the lock that is certain: an address is handed out only once its session is committed.
    """
    order = lock_order(order)
    news = News(order)
    if order.is_pending and order.session_id is None:
        payment.close(order, by=by, message=message, news=news)
    return news.tell()


@in_transaction
def close_missing(order: Order, *, by: Cause) -> Order:
    """Close a pending order whose session is over by any clock, and unknown at Stripe."""
    order = lock_order(order)
    news = News(order)
    if order.is_pending:
        payment.close(order, by=by, message="session_missing", news=news)
    return news.tell()
