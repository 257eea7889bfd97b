"""Delete old guest carts and old webhook events."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Cart, WebhookEvent
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet

__all__ = ["clean_guest_carts", "clean_webhooks", "old_guest_carts", "old_webhooks"]

BATCH_SIZE = 500

# Stripe lists an event for 30 days; while it does, its row prevents a second processing
# (docs.stripe.com/api/events).
EVENTS_KEPT = timedelta(days=31)


def old_guest_carts(*, before: datetime) -> PrimaryDatabaseQuerySet[Cart]:
    """Return the guests' carts that were last changed before ``before`` and have no open order."""
    return Cart.objects.filter(user=None, modified__lt=before, open_order=None)


def old_webhooks(*, before: datetime) -> PrimaryDatabaseQuerySet[WebhookEvent]:
    """Return the webhook events that were processed before ``before`` and more than 31 days ago.

    An event whose processing failed counts as processed when staff acknowledges it.
    """
    oldest = min(before, timezone.now() - EVENTS_KEPT)
    is_over = Q(processed_at__lt=oldest) | Q(acknowledged_at__lt=oldest)
    return WebhookEvent.objects.filter(is_over, received_at__lt=oldest)


def clean_guest_carts(*, before: datetime) -> int:
    """Delete the guests' carts that were last changed before ``before``, and return their number.

    ``before`` is a datetime. Carts with an open order are kept. Orders are never deleted.
    """
    batches = old_guest_carts(before=before).only("pk").in_batches(BATCH_SIZE)
    return sum(_delete_carts(carts, before=before) for carts in batches)


def clean_webhooks(*, before: datetime) -> int:
    """Delete the webhook events that were processed before ``before``, and return their number.

    ``before`` is a datetime. Events of the last 31 days are kept. Events whose processing failed
    are also kept, until staff has acknowledged them.
    """
    batches = old_webhooks(before=before).only("pk").in_batches(BATCH_SIZE)
    return sum(_delete_webhooks(events) for events in batches)


@in_transaction
def _delete_carts(carts: list[Cart], *, before: datetime) -> int:
    """Lock ``carts``, delete those that are still old, and return how many were deleted."""
    pks = [cart.pk for cart in carts]
    Cart.objects.filter(pk__in=pks).update(version=F("version") + 1)  # lock before reading
    old = [cart.pk for cart in old_guest_carts(before=before).filter(pk__in=pks).only("pk")]
    Cart.objects.filter(pk__in=old).delete()
    return len(old)


@in_transaction
def _delete_webhooks(events: list[WebhookEvent]) -> int:
    """Delete these webhook events, and return how many were deleted."""
    return WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).delete()[0]
