"""Read the events in Stripe's list, and process those whose webhook did not arrive."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.database import in_transaction
from django_stripe_cart.deadlines import is_time_left
from django_stripe_cart.gateway.sessions import to_datetime
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import EventCursor, Order, OrderEvent, WebhookEvent
from django_stripe_cart.payments.silence import Silence
from django_stripe_cart.timeline import BY_SYNC
from django_stripe_cart.webhooks.gaps import EVENT_RETENTION, has_gap_before, open_gap
from django_stripe_cart.webhooks.processing import EVENT_TYPES, process_event
from django_stripe_cart.webhooks.waiting_events import process_again

logger = logging.getLogger("stripe_cart")

OVERLAP = timedelta(minutes=10)  # an event may be listed some time after it was created

# The first reading begins this much before the oldest order, because clocks differ.
MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MissedEvents:
    """Result of ``read_missed_events``.

    ``processed`` and ``failed`` are the numbers of events that were processed and that failed.
    ``waiting`` is the number of events that could not be processed so far, and are tried again
    later. ``has_gap`` is whether events were missed that Stripe does not list any more. In that
    case, ``sync_orders_of_gap`` syncs the orders instead. ``is_complete`` is whether all new events
    were read.
    """

    processed: int
    failed: int
    waiting: int
    has_gap: bool
    is_complete: bool


def read_missed_events() -> MissedEvents:
    """Read Stripe's events since the last complete call, and process the events that were missed.

    An event was missed if no webhook has processed it. If the processing of an event raises an
    exception, the exception is logged, and later calls try the event again, with growing delays.
    The reading ends early if Stripe does not answer, or if the deadline comes. The next call reads
    the same events again. Sends the signals of ``sync_order``. Raises ``PaymentError`` if Stripe's
    list of events can't be read.
    """
    reading = _Reading()
    cursor = EventCursor.objects.filter(api_key_digest=conf.api_key_digest).first()
    since = _begin_of_overlap(cursor) if cursor else _oldest_time_to_read()
    listed = gateway.list_events(EVENT_TYPES, since=since)
    reading.process(listed.events)
    if reading.is_complete:
        seen_until = listed.began_at or since + OVERLAP  # the next call begins at the same time
        oldest = (listed.began_at or timezone.now()) - EVENT_RETENTION
        is_gap = since < oldest if cursor else has_gap_before(since)
        _save_reading(seen_until=seen_until, gap_since=since if is_gap else None)
    reading.retry(list(WebhookEvent.objects.due().filter(livemode=conf.livemode)))
    return reading.result()


class _Reading:
    """One call of ``read_missed_events``, which processes events and counts the results."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._silence = Silence()
        self.is_complete = True

    def process(self, events: Iterable[gateway.Event]) -> None:
        """Process ``events``. Stop if Stripe does not answer any more, or if the deadline comes."""
        for event in events:
            if self._silence.is_certain or not is_time_left():
                self.is_complete = False
                return
            self._process(event)

    def retry(self, rows: Iterable[WebhookEvent]) -> None:
        """Process the events of ``rows`` again. Stop for the same reasons as ``process``."""
        for row in rows:
            if self._silence.is_certain or not is_time_left():
                return
            self._retry(row)

    def _process(self, event: gateway.Event) -> None:
        """Process one event. An exception is logged."""
        try:
            self._counts["processed"] += process_event(event, source=OrderEvent.Source.SYNC)
        except Exception as error:
            self._note_failure(event.id, error)
            if not WebhookEvent.objects.filter(event_id=event.id).exists():
                self.is_complete = False  # for example because the database failed
        else:
            self._silence.note(None)

    def _retry(self, row: WebhookEvent) -> None:
        """Process the event of ``row`` again. An exception is logged."""
        try:
            self._counts["processed"] += process_again(row, by=BY_SYNC)
        except Exception as error:
            self._note_failure(row.event_id, error)
        else:
            self._silence.note(None)

    def _note_failure(self, event_id: str, error: Exception) -> None:
        """Count and log that an event could not be processed."""
        self._counts["failed"] += 1
        self._silence.note(error)
        details = describe_without_values(error)
        logger.error("Event %s could not be processed: %s", event_id, details)

    def result(self) -> MissedEvents:
        """Return the result of the call. It includes the number of events that wait for a retry."""
        cursor = EventCursor.objects.filter(api_key_digest=conf.api_key_digest).first()
        return MissedEvents(
            processed=self._counts["processed"],
            failed=self._counts["failed"],
            waiting=WebhookEvent.objects.waiting().count(),
            has_gap=cursor is not None and cursor.gap_since is not None,
            is_complete=self.is_complete,
        )


def _begin_of_overlap(cursor: EventCursor) -> datetime:
    """Return the time from which events are read after an earlier call.

    It is ten minutes before the time until which the earlier call has read events, because Stripe
    may list an event some time after it was created.
    """
    # Subtracted from the timestamp: a naive time that is skipped in spring would be an hour later.
    return to_datetime(cursor.seen_until.timestamp() - OVERLAP.total_seconds())


def _oldest_time_to_read() -> datetime:
    """Return the time from which the first call reads events: before the oldest order at Stripe.

    It is at most 30 days ago, because Stripe does not list older events.
    """
    orders = Order.objects.filter(livemode=conf.livemode, session_params__isnull=False)
    oldest = orders.order_by("placed_at").values_list("placed_at", flat=True).first()
    now = timezone.now()
    return max((oldest or now) - MARGIN, now - EVENT_RETENTION)


@in_transaction
def _save_reading(*, seen_until: datetime, gap_since: datetime | None) -> None:
    """Save the time until which events were read, and since when events were missed.

    ``gap_since`` is None if no events were missed. Both times are saved in one transaction: if only
    ``seen_until`` was saved, nothing would show that events were missed.
    """
    _save_cursor(seen_until=seen_until)
    if gap_since is not None:
        open_gap(since=gap_since)


def _save_cursor(*, seen_until: datetime) -> None:
    """Save the time until which events were read with the current secret key."""
    # The UPDATE comes first: on SQLite, a transaction that reads before it writes may fail.
    digest = conf.api_key_digest
    if not EventCursor.objects.filter(api_key_digest=digest).update(seen_until=seen_until):
        cursor = EventCursor(api_key_digest=digest, seen_until=seen_until)
        EventCursor.objects.bulk_create([cursor], ignore_conflicts=True)
