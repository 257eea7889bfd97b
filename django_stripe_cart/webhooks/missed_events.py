"""Read the events in Stripe's list, and process those whose webhook did not arrive."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import EventCursor, OrderEvent
from django_stripe_cart.webhooks.processing import EVENT_TYPES, process_event

logger = logging.getLogger("stripe_cart")

INITIAL_LOOKBACK = timedelta(days=3)  # Stripe retries webhooks that long (docs.stripe.com/webhooks)
OVERLAP = timedelta(minutes=10)  # an event may be listed some time after it was created
EVENT_RETENTION = timedelta(days=30)  # docs.stripe.com/api/events/list


@dataclass(frozen=True, slots=True)
class MissedEvents:
    """Result of ``read_missed_events``: the numbers of events that were processed and that failed.

    ``has_gap`` says that some events may be too old for Stripe's list, and were not read.
    """

    processed: int
    failed: int
    has_gap: bool


def read_missed_events() -> MissedEvents:
    """Read Stripe's events since the last complete call; process those that no webhook processed.

    If the processing of an event raises an exception, it is logged, and the next call reads the
    same events again. Sends the signals of ``sync_order``. Raises ``PaymentError`` if Stripe's list
    of events can't be read.
    """
    now = timezone.now()
    cursor = EventCursor.objects.filter(livemode=conf.livemode).first()
    since = cursor.seen_until - OVERLAP if cursor else now - INITIAL_LOOKBACK
    results = [_process(event) for event in gateway.list_events(EVENT_TYPES, since=since)]
    failed = results.count(None)
    if not failed:
        _move_cursor(to=now)
    has_gap = since < now - EVENT_RETENTION
    return MissedEvents(processed=results.count(True), failed=failed, has_gap=has_gap)


def _process(event: gateway.Event) -> bool | None:
    """Process an event, and return whether there was anything to do.

    An exception is logged, and None is returned.
    """
    try:
        return process_event(event, source=OrderEvent.Source.SYNC)
    except Exception as error:
        logger.error("Event %s could not be finished: %s", event.id, describe_without_values(error))
        return None


def _move_cursor(*, to: datetime) -> None:
    """Save the time from which the next call reads events."""
    # The UPDATE comes first: on SQLite, a transaction that reads before it writes may fail.
    if not EventCursor.objects.filter(livemode=conf.livemode).update(seen_until=to):
        cursor = EventCursor(livemode=conf.livemode, seen_until=to)
        EventCursor.objects.bulk_create([cursor], ignore_conflicts=True)
