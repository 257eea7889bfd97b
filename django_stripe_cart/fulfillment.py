"""The goods go out: a paid order becomes fulfilled, once."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.database import in_transaction
from django_stripe_cart.emails import promise_email
from django_stripe_cart.exceptions import OrderError
from django_stripe_cart.models import Order, OrderEmail
from django_stripe_cart.payments.order_change import News
from django_stripe_cart.signals import order_fulfilled
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, move

__all__ = ["fulfill_order"]


@in_transaction(durable=False)
def fulfill_order(order: Order, *, by: Cause = BY_STAFF) -> Order:
    """Mark a PAID order as FULFILLED and return it freshly read. Sends ``order_fulfilled``.

    An order that is fulfilled already is returned as it is. May be called by a receiver of
    ``order_paid``, for goods that need no packing. Raises ``OrderError`` if it is not paid.
    """
    order = lock_order(order)
    if order.status == Order.Status.FULFILLED:
        return order
    if order.status != Order.Status.PAID:
        raise OrderError(_("Only a paid order can be fulfilled."))
    news = News(order)
    move(order, lambda: order.mark_fulfilled(at=timezone.now()), kind="fulfilled", by=by)
    news.add(order_fulfilled)
    promise_email(order, OrderEmail.Kind.FULFILLED)
    return news.tell()
