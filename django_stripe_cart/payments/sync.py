"""Fetch an order's state from Stripe and record it, for one order or all overdue ones."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.database import retry
from django_stripe_cart.exceptions import (
    PaymentError,
    PaymentMissing,
    PaymentPermanentlyFailed,
    PaymentRefused,
    PaymentRetryable,
)
from django_stripe_cart.gateway import Session, deadline
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import Order, Refund
from django_stripe_cart.payments.checkout_sessions import (
    create_session_once,
    expire_or_retrieve_session,
)
from django_stripe_cart.payments.record import (
    close_missing_session,
    close_without_session,
    record_free_order,
    record_snapshot,
)
from django_stripe_cart.payments.refund_requests import recover_refund
from django_stripe_cart.payments.snapshot import StaleSnapshot, StripeSnapshot, recorded_refunds
from django_stripe_cart.timeline import BY_SYNC, Cause

logger = logging.getLogger("stripe_cart")

# How long a session may still exist after its end, because clocks differ.
CLOCK_TOLERANCE = timedelta(minutes=10)

# How many snapshots to take while other processes record newer data. Two are usually enough.
MAX_ATTEMPTS = 5


@deadline()
def sync_order(order: Order, *, session: Session | None = None, by: Cause = BY_SYNC) -> Order:
    """Fetch the payment, refunds and disputes of ``order``, record them and return it freshly read.

    ``session`` is its Checkout Session as Stripe has just shown it; without it, Stripe is asked.
    Running it again changes nothing. ``by`` is written to the timeline.

    Sends ``order_paid``, ``order_canceled``, ``order_refunded`` or ``order_disputed`` in the
    transaction that records the change. Raises ``PaymentError`` if Stripe can't be asked.
    """
    if session is not None:
        return record_snapshot(order, StripeSnapshot(session), by=by)
    if order.session_id is not None:
        return _sync_session(order, by=by)
    if order.total == 0:
        return record_free_order(order, by=by)
    return _sync_without_session(order, by=by) if order.is_pending else order


def _sync_session(order: Order, *, by: Cause) -> Order:
    # Each refund with the order as it is now: the caller's may have been read before it was paid.
    for refund in Refund.objects.unknown().filter(order=order.pk).select_related("order"):
        recover_refund(refund, by=by)
    return _take_and_record_snapshot(order, by=by)


@retry(StaleSnapshot, times=MAX_ATTEMPTS, then_raise=PaymentRetryable)
def _take_and_record_snapshot(order: Order, *, by: Cause) -> Order:
    try:
        return record_snapshot(order, _take_snapshot(Order.objects.get(pk=order.pk)), by=by)
    except PaymentMissing:
        if order.is_pending and _is_missing_for_good(order):
            return close_missing_session(order, by=by)
        raise


def _take_snapshot(order: Order) -> StripeSnapshot:
    """Read the recorded state, then request the session, and its refunds and disputes if any."""
    refunds_before = recorded_refunds(order)
    session = _retrieve_or_expire_session(order)
    intent = session.payment_intent_id
    if not session.is_paid or not intent:
        return StripeSnapshot(session)
    # A paid order is synced again because something changed after its payment: list its refunds.
    has_refunds = session.amount_refunded > 0 or order.amount_paid > 0
    has_disputes = session.is_disputed or bool(order.dispute_status)
    return StripeSnapshot(
        session,
        refunds=gateway.list_refunds(intent) if has_refunds else None,
        disputes=gateway.list_disputes(intent) if has_disputes else None,
        refunds_before=refunds_before,
        dispute_before=order.dispute_status,
    )


def _retrieve_or_expire_session(order: Order) -> Session:
    """Return the session as it is now; if a cancellation was requested, expire it first."""
    if order.is_pending and order.cancel_requested_at is not None:
        return expire_or_retrieve_session(order)
    return gateway.retrieve_session(order.session_id or "")


def _sync_without_session(order: Order, *, by: Cause) -> Order:
    """Create the session of a pending order, or close the order if it is too late for one."""
    if _is_abandoned(order):
        return close_without_session(order, by=by)
    try:
        order = create_session_once(order, by=by)
    except (PaymentRefused, PaymentPermanentlyFailed):
        return close_without_session(order, by=by)
    return sync_order(order, by=by) if order.session_id is not None else order


def _is_abandoned(order: Order) -> bool:
    """Whether its session was never requested and never will be, or would have ended by now."""
    if order.session_params is None and order.cancel_requested_at is not None:
        return True
    return _session_has_ended(order)


def _is_missing_for_good(order: Order) -> bool:
    """Whether a session that Stripe does not find can't be paid any more.

    It has ended, or belongs to another account or mode because the key was changed, or a sandbox
    was restarted, where no money is at stake.
    """
    return _session_has_ended(order) or not order.matches_livemode or bool(conf.api_base)


def _session_has_ended(order: Order) -> bool:
    lifetime = timedelta(minutes=conf.session_minutes)
    end = order.session_expires_at or order.placed_at + lifetime
    return end + CLOCK_TOLERANCE < timezone.now()


@dataclass(frozen=True, slots=True)
class SyncResult:
    """The outcome of one order's sync: its status before, the order now, and the error if any."""

    order: Order
    status_before: str
    error: Exception | None = None


def sync_open_orders(
    orders: Iterable[Order] | None = None, *, dry_run: bool = False
) -> Iterator[SyncResult]:
    """Sync ``orders``, or every order whose sync is overdue, and yield a ``SyncResult`` for each.

    Several processes may run it at the same time: a conditional UPDATE claims each order, so it is
    synced once. With ``dry_run`` the orders are yielded, and nothing is asked or changed.

    Sends what ``sync_order`` sends. An error of one order is yielded and not raised.
    """
    for order in Order.objects.overdue_for_sync() if orders is None else orders:
        if dry_run:
            yield SyncResult(order, status_before=order.status)
        elif _claim(order):
            yield _sync_one(order)


def _claim(order: Order) -> bool:
    unchanged = Order.objects.filter(pk=order.pk, synced_at=order.synced_at)
    return bool(unchanged.update(synced_at=timezone.now()))


def _sync_one(order: Order) -> SyncResult:
    try:
        return SyncResult(sync_order(order, by=BY_SYNC), status_before=order.status)
    except PaymentError as error:
        return SyncResult(order, status_before=order.status, error=error)
    except Exception as error:  # for example from a host's receiver; go on with the other orders
        logger.error(
            "Order %s could not be synced: %s", order.reference, describe_without_values(error)
        )
        return SyncResult(order, status_before=order.status, error=error)
