"""Deletion of abandoned guest carts and of old processed webhook events."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Cart, WebhookEvent
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet

__all__ = ["clean_guest_carts", "clean_webhooks", "old_guest_carts", "old_webhooks"]

BATCH_SIZE = 500

# Stripe lists events for 30 days, and a row keeps one from being processed again
# (docs.stripe.com/api/events).
EVENTS_KEPT = timedelta(days=31)


def old_guest_carts(*, before: datetime) -> PrimaryDatabaseQuerySet[Cart]:
    """Return guests' carts without an open order that have not changed since ``before``."""
    return Cart.objects.filter(user=None, modified__lt=before, open_order=None)


def old_webhooks(*, before: datetime) -> PrimaryDatabaseQuerySet[WebhookEvent]:
    """Return events received and processed before ``before``, and more than 31 days ago.

    Failed events are not included, so that they can still be seen.
    """
    oldest = min(before, timezone.now() - EVENTS_KEPT)
    return WebhookEvent.objects.filter(received_at__lt=oldest, processed_at__lt=oldest)


def clean_guest_carts(*, before: datetime) -> int:
    """Delete guests' carts that have not changed since ``before``, and return how many.

    ``before`` is a datetime. Their orders stay. A shopper who returns at the same moment keeps the
    cart or starts a new one, depending on which transaction is first.
    """
    batches = old_guest_carts(before=before).only("pk").in_batches(BATCH_SIZE)
    return sum(_delete_carts(carts, before=before) for carts in batches)


def clean_webhooks(*, before: datetime) -> int:
    """Delete processed webhook events older than ``before``, a datetime, and return how many.

    Events of the last 31 days, and those whose processing failed, stay.
    """
    batches = old_webhooks(before=before).only("pk").in_batches(BATCH_SIZE)
    return sum(_delete_webhooks(events) for events in batches)


@in_transaction
def _delete_carts(carts: list[Cart], *, before: datetime) -> int:
    pks = [cart.pk for cart in carts]
    Cart.objects.filter(pk__in=pks).update(version=F("version") + 1)  # lock before reading
    old = old_guest_carts(before=before).filter(pk__in=pks).values_list("pk", flat=True)
    found = list(old)
    Cart.objects.filter(pk__in=found).delete()
    return len(found)


@in_transaction
def _delete_webhooks(events: list[WebhookEvent]) -> int:
    return WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).delete()[0]
