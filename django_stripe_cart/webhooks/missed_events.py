"""What no bell rang for: open orders are looked at, and missed events are read from Stripe's list.

Any number of these may run side by side: each order is claimed by a conditional UPDATE.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.logs import describe
from django_stripe_cart.models import EventCursor, OrderEvent
from django_stripe_cart.webhooks.processing import TYPES, take

logger = logging.getLogger("stripe_cart")

FIRST_READING = timedelta(days=3)  # as long as Stripe goes on ringing
OVERLAP = timedelta(minutes=10)  # events may be listed a little after they were made
KEPT_BY_STRIPE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading the missed events."""

    taken: int
    failed: int
    gap: bool  # whether events are older than Stripe keeps them, and so were never read


def read_missed_events() -> Reading:
    """Take every event since the last complete reading that was not finished yet.

    The cursor moves only when nothing failed. Raises ``PaymentError`` if the list can't be read.
    """
    now = timezone.now()
    cursor = EventCursor.objects.filter(livemode=conf.livemode).first()
    since = cursor.seen_until - OVERLAP if cursor else now - FIRST_READING
    results = [_take(event) for event in gateway.list_events(TYPES, since=since)]
    failed = results.count(None)
    if not failed:
        _move_cursor(to=now)
    return Reading(taken=results.count(True), failed=failed, gap=since < now - KEPT_BY_STRIPE)


def _move_cursor(*, to: datetime) -> None:
    """Write first: on SQLite, what reads before it writes dies when another wrote meanwhile."""
    if not EventCursor.objects.filter(livemode=conf.livemode).update(seen_until=to):
        cursor = EventCursor(livemode=conf.livemode, seen_until=to)
        EventCursor.objects.bulk_create([cursor], ignore_conflicts=True)


def _take(event: gateway.Event) -> bool | None:
    try:
        return take(event, source=OrderEvent.Source.SYNC)
    except Exception as error:
        logger.error("Event %s could not be finished: %s", event.id, describe(error))
        return None
