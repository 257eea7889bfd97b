"""Diagnosis of events that did not arrive by webhook, and of events that can't be processed.

The diagnosis also reports how far ``stripe_cart_sync`` has read Stripe's list of events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone
from django.utils.timesince import timesince

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, advice, describe_time, good, wrong
from django_stripe_cart.models import EventCursor, WebhookEvent
from django_stripe_cart.webhooks.gaps import EVENT_RETENTION, count_orders_of_gap, current_gap

SYNC_COMMAND = "python manage.py stripe_cart_sync"
SYNC_OVERDUE = timedelta(days=1)


def diagnose_events() -> Iterator[Finding]:
    """Report the last reading of Stripe's events, the missed events and the unprocessed events."""
    if conf.secret_key:
        yield _report_last_reading()
    gap = current_gap()
    if gap is not None and gap.gap_since is not None:
        yield wrong(
            f"Events since {gap.gap_since:%Y-%m-%d} were missed, and Stripe does not list them any "
            "more. The orders are synced instead, because refunds and disputes may be unknown. "
            f"Orders that are left: {count_orders_of_gap(gap)}.",
            next=f"{SYNC_COMMAND}, until it reports that nothing is missing.",
        )
    yield from _report_waiting_events()


def _report_last_reading() -> Finding:
    """Report when ``stripe_cart_sync`` last read Stripe's events."""
    cursor = EventCursor.objects.filter(api_key_digest=conf.api_key_digest).first()
    if cursor is None:
        return _report_no_reading()
    ago = timezone.now() - cursor.seen_until
    text = f"stripe_cart_sync finished {timesince(cursor.seen_until)} ago"
    if ago > EVENT_RETENTION:
        return wrong(f"{text}: Stripe has deleted events older than 30 days.", next=SYNC_COMMAND)
    if ago > SYNC_OVERDUE:
        return advice(f"{text}.", next=f"{SYNC_COMMAND}, and every few minutes by cron.")
    return good(f"{text}.")


def _report_no_reading() -> Finding:
    """Report that Stripe's events have never been read with the current secret key."""
    if EventCursor.objects.exists():
        return advice(
            "The events have not been read with today's STRIPE_CART_SECRET_KEY yet, only with "
            "another one.",
            next=SYNC_COMMAND,
        )
    return advice(
        "stripe_cart_sync has never finished. It finds events whose webhook never arrived.",
        next=f"{SYNC_COMMAND}, and every few minutes by cron.",
    )


def _report_waiting_events() -> Iterator[Finding]:
    """Report the events that could not be processed so far and that staff did not acknowledge."""
    rows = WebhookEvent.objects.waiting()
    oldest = rows.order_by("received_at").first()
    if oldest is not None:
        yield wrong(
            f"Events not processed: {rows.count()}, the oldest ({oldest.event_id}) received "
            f"{describe_time(oldest.received_at)}: {oldest.error or 'it was interrupted'}.",
            next=f"Fix the error, then: {SYNC_COMMAND}. "
            "If it can't be fixed, acknowledge the event in the admin.",
        )
