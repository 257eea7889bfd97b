"""Write Stripe's state to orders. No other code writes it.

Each function locks its order. Stripe's state is written whatever the status of the order is. For
example, an expired or canceled order becomes PAID if its payment arrives later.
"""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Order
from django_stripe_cart.payments.apply.disputes import apply_disputes
from django_stripe_cart.payments.apply.radar import apply_reviews, apply_warnings
from django_stripe_cart.payments.apply.refunds import (
    apply_refunds,
    fail_refunds_of_missing_payment,
)
from django_stripe_cart.payments.apply.session import (
    adopt_session,
    apply_second_payment,
    apply_session,
    close_order,
    mark_order_paid,
    remove_from_cart,
)
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.payments.snapshot import StripeSnapshot
from django_stripe_cart.timeline import Cause, lock_order

# The message on the timeline of an order that was closed without Stripe's word.
SESSION_MISSING = "session_missing"


def record_snapshot(order: Order, snapshot: StripeSnapshot, *, by: Cause) -> Order:
    """Record ``snapshot`` on ``order``, send the signals, and return the order freshly read.

    A snapshot contains the objects that Stripe has for the order. The payment is recorded in a
    first transaction, and all other objects are recorded in a second transaction. So a receiver of
    ``order_paid`` gets an order that is PAID, even if the snapshot contains a refund.

    Raises ``StaleSnapshot`` if another process has recorded newer refunds or disputes.
    """
    order = _record_session(order, snapshot, by=by)
    return (
        _record_other_objects(order, snapshot, by=by) if snapshot.has_more_than_session else order
    )


@in_transaction
def _record_session(order: Order, snapshot: StripeSnapshot, *, by: Cause) -> Order:
    """Record the snapshot's session as the order's session, or as a second payment of the order."""
    change = OrderChange(lock_order(order), by=by)
    change.order.synced_at = timezone.now()
    session = snapshot.session
    if session.id == change.order.session_id or adopt_session(change, session):
        apply_session(change, session)
    return change.save_and_send()


@in_transaction
def _record_other_objects(order: Order, snapshot: StripeSnapshot, *, by: Cause) -> Order:
    """Record the snapshot's disputes, refunds, reviews, fraud warnings and second payments."""
    change = OrderChange(lock_order(order), by=by)
    if snapshot.disputes is not None:
        apply_disputes(change, snapshot.disputes, before=snapshot.disputes_before)
    if snapshot.refunds is not None or snapshot.are_refunds_refused:
        apply_refunds(change, snapshot)
    apply_reviews(change, snapshot.reviews)
    apply_warnings(change, snapshot.warnings)
    for session in snapshot.other_sessions:
        apply_second_payment(change, session)
    return change.save_and_send()


@in_transaction
def record_free_order(order: Order, *, by: Cause) -> Order:
    """Mark a pending order with a total of 0 as PAID.

    If the cancellation of the order was requested, the order is closed instead. No request is sent
    to Stripe. Sends ``order_paid`` or ``order_canceled``.
    """
    change = OrderChange(lock_order(order), by=by)
    order = change.order
    if order.total == 0 and order.session_params is None and order.is_pending:
        if order.cancel_requested_at is not None:
            close_order(change)
        else:
            remove_from_cart(order)
            mark_order_paid(change)
    return change.save_and_send()


@in_transaction
def close_without_session(order: Order, *, by: Cause, message: str = "") -> Order:
    """Close a pending order that has no session.

    A payment URL is handed out only after the session's id is committed. So an order without a
    session can't be paid, and its lock ensures that it gets no session now. ``message`` is written
    to the timeline. Sends ``order_canceled`` if the cancellation of the order was requested.
    """
    change = OrderChange(lock_order(order), by=by)
    if change.order.is_pending and change.order.session_id is None:
        close_order(change, message=message)
    return change.save_and_send()


@in_transaction
def record_missing_payment(order: Order, *, by: Cause) -> Order:
    """Mark old refunds of unknown outcome as FAILED, because Stripe does not find the payment.

    Sends ``refund_failed`` and ``order_issue_opened`` for each of these refunds.
    """
    change = OrderChange(lock_order(order), by=by)
    fail_refunds_of_missing_payment(change)
    return change.save_and_send()


@in_transaction
def close_missing_session(order: Order, *, by: Cause) -> Order:
    """Close a pending order. Stripe does not find its session, so the order can't be paid any more.

    Sends ``order_canceled`` if the cancellation of the order was requested.
    """
    change = OrderChange(lock_order(order), by=by)
    if change.order.is_pending:
        close_order(change, message=SESSION_MISSING)
    return change.save_and_send()
