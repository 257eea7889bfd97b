"""Gaps: events that were missed for so long that Stripe does not list them any more.

As these events can't be read, the orders that they may be about are synced instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import PaymentMissing
from django_stripe_cart.models import EventCursor, Order, OrderEvent
from django_stripe_cart.models.order_queryset import OrderQuerySet
from django_stripe_cart.payments.record import SESSION_MISSING
from django_stripe_cart.payments.snapshot import EVERYTHING
from django_stripe_cart.payments.sync import SyncResult, sync_each

EVENT_RETENTION = timedelta(days=30)  # docs.stripe.com/api/events/list

# A payment can be disputed for about 120 days, and refunded in Stripe's Dashboard for longer.
ORDERS_TO_SYNC = timedelta(days=180)

BATCH_SIZE = 50


def current_gap() -> EventCursor | None:
    """Return the ``EventCursor`` of the current secret key if it has a gap, or None.

    It has a gap if events were missed that Stripe does not list any more.
    """
    cursors = EventCursor.objects.filter(api_key_digest=conf.api_key_digest)
    return cursors.exclude(gap_since=None).first()


def count_orders_of_gap(gap: EventCursor) -> int:
    """Return how many orders must still be synced in place of the events that were missed."""
    start = gap.gap_checked_pk if gap.gap_failed_pk is None else gap.gap_failed_pk - 1
    return _orders_to_sync().filter(pk__gt=start).count()


def open_gap(*, since: datetime) -> None:
    """Save that the events since ``since`` were missed, so that all orders are synced again.

    If such a time is already saved, the earlier time is kept.
    """
    cursors = EventCursor.objects.filter(api_key_digest=conf.api_key_digest)
    cursors.filter(gap_since=None).update(gap_since=since)
    cursors.update(gap_checked_pk=0, gap_failed_pk=None)


def has_gap_before(since: datetime) -> bool:
    """Return whether paid orders from before ``since`` may have events that were never read.

    This function is called when events are read with a secret key for the first time. Orders of a
    previous secret key do not count if their events were read with that key and none were missed.
    """
    cursors = EventCursor.objects.filter(seen_until__gte=since, gap_since=None)
    read = cursors.values("api_key_digest")
    orders = _orders_to_sync().filter(placed_at__lt=since + timedelta(days=1))
    return orders.exclude(api_key_digest__in=read).exists()


def sync_orders_of_gap() -> Iterator[SyncResult]:
    """If there is a gap, sync the paid orders of the last 180 days, and yield a result for each.

    There is a gap if events were missed that Stripe does not list any more. The function ends early
    if Stripe does not answer, or if the deadline comes. The next call continues with the next
    order. The gap is closed after all orders were synced. Before that, the orders that could not be
    synced are tried again.
    """
    while (gap := current_gap()) is not None:
        orders = _orders_to_sync().filter(pk__gt=gap.gap_checked_pk).order_by("pk")[:BATCH_SIZE]
        if not orders:
            _end_pass(gap)
            return
        results = 0
        for result in sync_each(orders, mention=EVERYTHING):
            _note_result(gap, result)
            yield result
            results += 1
        if results < len(orders):
            return  # Stripe does not answer, or the deadline came


def _orders_to_sync() -> OrderQuerySet[Order]:
    """Return the paid orders of the last 180 days in the secret key's mode (test or live).

    Orders that were closed because Stripe did not find their session are included. They may be
    paid, because Stripe finds no session with the secret key of another account.
    """
    since = timezone.now() - ORDERS_TO_SYNC
    closed = OrderEvent.objects.filter(order=OuterRef("pk"), message=SESSION_MISSING)
    return Order.objects.filter(
        Q(amount_paid__gt=0) | Exists(closed), livemode=conf.livemode, placed_at__gte=since
    )


def _note_result(gap: EventCursor, result: SyncResult) -> None:
    """Save which order was synced last, and which order was the first that could not be synced.

    If Stripe does not find an order's payment, the order is of another account. It is not saved as
    an order that could not be synced, because a further attempt would not help.
    """
    error = result.error
    if error is not None and not isinstance(error, PaymentMissing) and gap.gap_failed_pk is None:
        gap.gap_failed_pk = result.order.pk
    _update(gap, gap_checked_pk=result.order.pk, gap_failed_pk=gap.gap_failed_pk)


def _end_pass(gap: EventCursor) -> None:
    """Close the gap if all orders were synced.

    Otherwise, begin again with the first order that could not be synced.
    """
    if gap.gap_failed_pk is None:
        _update(gap, gap_since=None, gap_checked_pk=0)
    else:
        _update(gap, gap_checked_pk=gap.gap_failed_pk - 1, gap_failed_pk=None)


def _update(gap: EventCursor, **changes: Any) -> None:
    """Save ``changes`` on the row of the gap, if no other process has changed the row meanwhile."""
    rows = EventCursor.objects.filter(pk=gap.pk, gap_since=gap.gap_since)
    rows.filter(gap_checked_pk=gap.gap_checked_pk).update(**changes)
    vars(gap).update(changes)
