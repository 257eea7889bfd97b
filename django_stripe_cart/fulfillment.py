"""Mark a paid order as fulfilled."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.database import in_transaction
from django_stripe_cart.emails import queue_email
from django_stripe_cart.exceptions import OrderError
from django_stripe_cart.models import Order, OrderEmail
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.signals import order_fulfilled
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, transition

__all__ = ["fulfill_order"]


@in_transaction(durable=False)
def fulfill_order(order: Order, *, by: Cause = BY_STAFF) -> Order:
    """Mark a PAID order as FULFILLED, and return it freshly read.

    An order that is already FULFILLED does not change. A receiver of ``order_paid`` may call this
    function for goods that need no shipping. ``by`` is written to the timeline.

    Sends ``order_fulfilled``. Raises ``OrderError`` if the order is not paid.
    """
    order = lock_order(order)
    if order.status == Order.Status.FULFILLED:
        return order
    if order.status != Order.Status.PAID:
        raise OrderError(_("Only a paid order can be completed."))
    change = OrderChange(order)
    transition(order, lambda: order.mark_fulfilled(at=timezone.now()), kind="fulfilled", by=by)
    change.queue_signal(order_fulfilled)
    queue_email(order, OrderEmail.Kind.FULFILLED)
    return change.save_and_send()
