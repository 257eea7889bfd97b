"""Functions that write Stripe's state to orders; no other code does. They lock the order.

Stripe's state is recorded for every status of the order: an expired or canceled order becomes PAID
if its payment arrives later.
"""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Order
from django_stripe_cart.payments.apply.disputes import apply_disputes
from django_stripe_cart.payments.apply.refunds import apply_refunds
from django_stripe_cart.payments.apply.session import (
    adopt_session,
    apply_session,
    close_order,
    mark_order_paid,
    remove_from_cart,
)
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.payments.snapshot import StripeSnapshot
from django_stripe_cart.timeline import Cause, lock_order


def record_snapshot(order: Order, snapshot: StripeSnapshot, *, by: Cause) -> Order:
    """Record ``snapshot`` on ``order``, send the signals, and return the order freshly read.

    The payment is recorded in one transaction, refunds and disputes in a second one. So a receiver
    of ``order_paid`` gets a PAID order, even if the snapshot contains a refund.

    Raises ``StaleSnapshot`` if another process has recorded newer refunds or disputes.
    """
    order = _record_session(order, snapshot, by=by)
    if snapshot.refunds is None and snapshot.disputes is None:
        return order
    return _record_refunds_and_disputes(order, snapshot, by=by)


@in_transaction
def _record_session(order: Order, snapshot: StripeSnapshot, *, by: Cause) -> Order:
    """Lock the order, and record the Checkout Session of ``snapshot`` and the time of the sync."""
    order = lock_order(order)
    change = OrderChange(order)
    order.synced_at = timezone.now()
    session = snapshot.session
    if session.id == order.session_id or adopt_session(order, session, by=by):
        apply_session(order, session, by=by, change=change)
    return change.save_and_send()


@in_transaction
def _record_refunds_and_disputes(order: Order, snapshot: StripeSnapshot, *, by: Cause) -> Order:
    """Lock the order, and record the lists of ``snapshot`` that were requested."""
    order = lock_order(order)
    change = OrderChange(order)
    if snapshot.refunds is not None:
        before = snapshot.refunds_before
        apply_refunds(order, snapshot.refunds, before=before, by=by, change=change)
    if snapshot.disputes is not None:
        status_before = snapshot.dispute_before
        apply_disputes(order, snapshot.disputes, before=status_before, by=by, change=change)
    return change.save_and_send()


@in_transaction
def record_free_order(order: Order, *, by: Cause) -> Order:
    """Mark a pending order with a total of 0 as PAID, or close it if it is to be canceled.

    No request is sent to Stripe. Sends ``order_paid`` or ``order_canceled``.
    """
    order = lock_order(order)
    change = OrderChange(order)
    if order.total == 0 and order.is_pending:
        if order.cancel_requested_at is not None:
            close_order(order, by=by, change=change)
        else:
            remove_from_cart(order)
            mark_order_paid(order, by=by, change=change)
    return change.save_and_send()


@in_transaction
def close_without_session(order: Order, *, by: Cause, message: str = "") -> Order:
    """Close a pending order that has no Checkout Session, and return it freshly read.

    Such an order can't be paid: a session's URL is given to the shopper only after the session's id
    is committed. ``message`` is written to the timeline. Sends ``order_canceled`` if the
    cancellation was requested.
    """
    order = lock_order(order)
    change = OrderChange(order)
    if order.is_pending and order.session_id is None:
        close_order(order, by=by, message=message, change=change)
    return change.save_and_send()


@in_transaction
def close_missing_session(order: Order, *, by: Cause) -> Order:
    """Close a pending order whose session no longer exists at Stripe, and return it freshly read.

    Sends ``order_canceled`` if the cancellation was requested.
    """
    order = lock_order(order)
    change = OrderChange(order)
    if order.is_pending:
        close_order(order, by=by, message="session_missing", change=change)
    return change.save_and_send()
