"""What nobody comes back for: old carts of guests, and webhooks that were finished long ago."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F
from django.utils import timezone

from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Cart, WebhookEvent

__all__ = ["clean_guest_carts", "clean_webhooks", "old_guest_carts", "old_webhooks"]

BATCH = 500

# Stripe lists its events for 30 days: until then a row keeps us from working on one again.
EVENTS_KEPT = timedelta(days=31)


def old_guest_carts(*, before: datetime) -> models.QuerySet[Cart]:
    """Those that nobody has changed since, and whose order is not open."""
    return Cart.objects.filter(user=None, modified__lt=before, open_order=None)


def old_webhooks(*, before: datetime) -> models.QuerySet[WebhookEvent]:
    """Finished ones. What has failed stays, to be seen."""
    oldest = min(before, timezone.now() - EVENTS_KEPT)
    return WebhookEvent.objects.filter(received_at__lt=oldest, processed_at__lt=oldest)


def clean_guest_carts(*, before: datetime) -> int:
    """Delete old carts of guests, and return how many. Their orders stay.

    Somebody may come back at that very moment: whoever is first has it, and the other one begins
    again.
    """
    return sum(
        _delete_carts(keys, before=before) for keys in _batches(old_guest_carts(before=before))
    )


def clean_webhooks(*, before: datetime) -> int:
    """Delete finished webhooks, and return how many."""
    return sum(_delete_webhooks(keys) for keys in _batches(old_webhooks(before=before)))


def _batches(rows: models.QuerySet[Any]) -> Iterator[list[int]]:
    """Each begins after the last one: what was kept is not looked at again."""
    keys = rows.order_by("pk").values_list("pk", flat=True)
    batch = list(keys[:BATCH])
    while batch:
        yield batch
        batch = list(keys.filter(pk__gt=batch[-1])[:BATCH])


@in_transaction
def _delete_carts(keys: list[int], *, before: datetime) -> int:
    Cart.objects.filter(pk__in=keys).update(version=F("version") + 1)  # locks them, as ever
    old = old_guest_carts(before=before).filter(pk__in=keys).values_list("pk", flat=True)
    found = list(old)
    Cart.objects.filter(pk__in=found).delete()
    return len(found)


@in_transaction
def _delete_webhooks(keys: list[int]) -> int:
    return WebhookEvent.objects.filter(pk__in=keys).delete()[0]
