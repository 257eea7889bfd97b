"""Process waiting events again, or acknowledge them.

A waiting event is an event that could not be processed so far.
"""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart.database import in_transaction
from django_stripe_cart.exceptions import EventProcessed
from django_stripe_cart.models import OrderEvent, WebhookEvent
from django_stripe_cart.timeline import BY_STAFF, Cause
from django_stripe_cart.webhooks.processing import process_event, retrieve_again


def retry_event(event: WebhookEvent, *, by: Cause = BY_STAFF) -> WebhookEvent:
    """Try again to process an event that could not be processed, and return the event freshly read.

    The event is requested from Stripe again. An event that was processed or acknowledged before
    does not change. ``by`` is written to the timeline of the event's order.

    Sends the signals of ``sync_order``. If the event can't be processed, the exception is saved on
    the event and raised. It is for example a ``PaymentError``, or an exception that a receiver has
    raised.
    """
    event = WebhookEvent.objects.get(pk=event.pk)
    if event.is_over:
        return event
    process_again(event, by=by)
    return WebhookEvent.objects.get(pk=event.pk)


@in_transaction
def acknowledge_event(event: WebhookEvent, *, by: Cause = BY_STAFF) -> WebhookEvent:
    """Acknowledge an event that can't be processed, and return the event freshly read.

    The event is not processed any more, and the response to its webhook is 200. Look at the payment
    in Stripe's Dashboard first, because this shop does not record the event. An event that is
    already acknowledged does not change. ``by`` says who acknowledges the event, and is stored on
    the event.

    Raises ``EventProcessed`` if the event was processed.
    """
    # The condition is part of the UPDATE, because the event may be processed at the same time.
    WebhookEvent.objects.unprocessed().filter(pk=event.pk).update(
        acknowledged_at=timezone.now(), acknowledged_by=(by.actor or by.source)[:150]
    )
    event = WebhookEvent.objects.get(pk=event.pk)
    if event.acknowledged_at is None:
        raise EventProcessed
    return event


def process_again(row: WebhookEvent, *, by: Cause) -> bool:
    """Request the event of ``row`` from Stripe, process it, and return whether it was processed.

    Any exception is saved on the row and raised.
    """
    is_processed = process_event(retrieve_again(row), source=by.source, actor=by.actor)
    # An event that turned out to be another shop's waits no longer. With another number of
    # attempts, the event was skipped because another process has tried it, and failed.
    ignored = WebhookEvent.objects.unprocessed().filter(pk=row.pk, attempts=row.attempts)
    if by.source == OrderEvent.Source.SYNC:  # it was also skipped if the clock was set back
        ignored = ignored.exclude(retry_at__gt=timezone.now())
    ignored.update(processed_at=timezone.now(), error="")
    return is_processed
