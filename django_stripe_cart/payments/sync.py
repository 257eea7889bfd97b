"""Sync orders with Stripe: one order, or all orders that may have changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.database import retry
from django_stripe_cart.deadlines import deadline, is_time_left
from django_stripe_cart.exceptions import (
    PaymentElsewhere,
    PaymentError,
    PaymentMissing,
    PaymentPermanentlyFailed,
    PaymentRefused,
    PaymentRetryable,
)
from django_stripe_cart.gateway import Session
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import Order
from django_stripe_cart.payments.checkout_sessions import create_session_once, is_free
from django_stripe_cart.payments.record import (
    close_missing_session,
    close_without_session,
    record_free_order,
    record_missing_payment,
    record_snapshot,
)
from django_stripe_cart.payments.silence import Silence
from django_stripe_cart.payments.snapshot import (
    NO_MENTION,
    Mention,
    StaleSnapshot,
    StripeSnapshot,
)
from django_stripe_cart.payments.snapshot_requests import take_snapshot
from django_stripe_cart.timeline import BY_SYNC, Cause

logger = logging.getLogger("stripe_cart")

# Stripe may expire a session this much later than this site expects, because clocks differ.
CLOCK_TOLERANCE = timedelta(minutes=10)

OTHER_KEY = "may be paid with another STRIPE_CART_SECRET_KEY: today's does not know its session."

# The number of snapshots to take while other processes record newer data; two usually suffice.
MAX_ATTEMPTS = 5


@deadline()
def sync_order(
    order: Order,
    *,
    session: Session | None = None,
    mention: Mention | None = None,
    by: Cause = BY_SYNC,
) -> Order:
    """Sync ``order`` with Stripe: record its payment, refunds and disputes.

    Return the order freshly read. ``session`` is a Checkout Session that Stripe has just sent. With
    a ``session``, no request is sent to Stripe. ``mention`` is the object that a webhook event is
    about. The object is recorded even if Stripe's lists do not contain it yet. ``by`` is written to
    the timeline. A repeated call changes nothing. No call moves money.

    Sends ``order_paid``, ``order_canceled``, ``order_refunded``, ``refund_failed``,
    ``order_disputed`` or ``order_issue_opened`` in the transaction that records the change. Raises
    ``PaymentError`` if a request to Stripe fails.
    """
    if session is not None:
        return record_snapshot(order, StripeSnapshot(session), by=by)
    if order.session_id is not None:
        return _take_and_record_snapshot(order, mention or NO_MENTION, by=by)
    if is_free(order):
        return record_free_order(order, by=by)
    return _sync_without_session(order, by=by) if order.is_pending else order


@retry(StaleSnapshot, times=MAX_ATTEMPTS, then_raise=PaymentRetryable)
def _take_and_record_snapshot(order: Order, mention: Mention, *, by: Cause) -> Order:
    """Request what Stripe has for the order, record it, and return the order.

    If Stripe does not find the session of a pending order that can't be paid any more, the order is
    closed. If Stripe does not find the session of any other order, ``PaymentMissing`` or its
    subclass ``PaymentElsewhere`` is raised. Before that, refunds of the order become FAILED if
    their outcome has been unknown for a day.
    """
    try:
        snapshot = take_snapshot(Order.objects.get(pk=order.pk), mention)
        return record_snapshot(order, snapshot, by=by)
    except PaymentMissing as error:
        if order.is_pending and _is_missing_for_good(order):
            return close_missing_session(order, by=by)
        if order.refunds.unknown().exists():
            record_missing_payment(order, by=by)
        if order.has_other_key and order.is_unsettled:
            logger.error("Order %s %s", order.reference, OTHER_KEY)
            raise PaymentElsewhere from error
        raise


def _sync_without_session(order: Order, *, by: Cause) -> Order:
    """Create the session of a pending order, sync the order, and return it.

    The order is closed instead if it can't be paid any more. The order is closed, too, if its
    cancellation was requested and its session was never requested.
    """
    was_never_sent = order.session_params is None and order.cancel_requested_at is not None
    if was_never_sent or _session_has_ended(order):
        return close_without_session(order, by=by)
    try:
        order = create_session_once(order, by=by)
    except (PaymentRefused, PaymentPermanentlyFailed):
        return close_without_session(order, by=by)
    return sync_order(order, by=by) if order.session_id is not None else order


def _is_missing_for_good(order: Order) -> bool:
    """Return whether an order can be closed when Stripe does not find its session.

    The order can be closed if the session's lifetime is over, or if the session was in a sandbox
    that was restarted. Otherwise, the secret key may be of another account, and the shopper may
    still pay.
    """
    was_in_sandbox = bool(conf.api_base) and not order.has_other_key
    return _session_has_ended(order) or was_in_sandbox


def _session_has_ended(order: Order) -> bool:
    """Return whether the lifetime of the order's session is over.

    If no end of the lifetime is saved, the lifetime began when the order was placed.
    """
    lifetime = timedelta(minutes=conf.session_minutes)
    end = order.session_expires_at or order.placed_at + lifetime
    return end + CLOCK_TOLERANCE < timezone.now()


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Result of syncing one order: the order afterwards, its status before, and any error."""

    order: Order
    status_before: str
    error: Exception | None = None


def sync_open_orders(
    orders: Iterable[Order] | None = None, *, dry_run: bool = False
) -> Iterator[SyncResult]:
    """Sync ``orders``, and yield a ``SyncResult`` for each order.

    If ``orders`` is None, all orders that may have changed are synced. The orders that were synced
    longest ago come first then. The function ends early if Stripe does not answer for three orders
    in a row, or if the deadline comes. The next call syncs the remaining orders. If several
    processes call the function at the same time, each order is synced by one of them. If
    ``dry_run`` is True, the orders are yielded, but no request is sent and nothing is changed.

    Sends the signals of ``sync_order``. An exception about an order is yielded and not raised.
    """
    chosen = Order.objects.overdue_for_sync() if orders is None else orders
    if dry_run:
        yield from (SyncResult(order, status_before=order.status) for order in chosen)
    else:
        yield from sync_each(filter(_claim, chosen))


def _claim(order: Order) -> bool:
    """Save that this process syncs the order now, and return True.

    If another process has begun to sync the order in the meantime, save nothing and return False.
    """
    not_synced_since = Order.objects.filter(pk=order.pk, synced_at=order.synced_at)
    return bool(not_synced_since.update(synced_at=timezone.now()))


def sync_each(orders: Iterable[Order], *, mention: Mention | None = None) -> Iterator[SyncResult]:
    """Sync ``orders``, and yield a ``SyncResult`` for each order.

    ``mention`` is passed to ``sync_order``. The function ends early if Stripe does not answer for
    three orders in a row, or if the deadline comes.
    """
    silence = Silence()
    left = iter(orders)
    # No order is taken from the iterator, and so claimed, that is not synced.
    while not silence.is_certain and is_time_left() and (order := next(left, None)) is not None:
        result = _sync_one(order, mention)
        silence.note(result.error)
        yield result


def _sync_one(order: Order, mention: Mention | None) -> SyncResult:
    """Sync the order, and return the result. Any exception is returned as part of the result."""
    try:
        synced = sync_order(order, mention=mention, by=BY_SYNC)
        return SyncResult(synced, status_before=order.status)
    except Exception as error:
        if not isinstance(error, PaymentError):  # it is for example from a host's receiver
            details = describe_without_values(error)
            logger.error("Order %s could not be synced: %s", order.reference, details)
        return SyncResult(order, status_before=order.status, error=error)
