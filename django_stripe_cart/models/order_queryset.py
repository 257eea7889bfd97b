"""Filters of orders: by owner, open, and overdue for a sync."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils import timezone

from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet
from django_stripe_cart.models.states import Status

O_co = TypeVar("O_co", bound=models.Model, covariant=True)

BATCH_SIZE = 100


class OrderQuerySet(PrimaryDatabaseQuerySet[O_co]):
    def open(self) -> Self:
        """Return the open orders: a cart has at most one."""
        return self.filter(open_cart__isnull=False)

    def owned_by(self, user: Any) -> Self:
        return self.filter(user=user) if user.is_authenticated else self.none()

    def placed_by_guests(self) -> Self:
        """Return guests' orders: they open by their URL alone."""
        return self.filter(by_guest=True)

    def for_guest(self, token: str) -> Self:
        return self.placed_by_guests().filter(cart__token=token) if token else self.none()

    def overdue(self) -> Self:
        """Return orders whose state at Stripe may be newer than the recorded one."""
        now = timezone.now()
        return self.filter(_payment_is_overdue(now) | _refund_is_overdue(now))

    def overdue_for_sync(self) -> Iterator[O_co]:
        """Yield the overdue orders, read in batches.

        By two queries: each uses an index, which no database does for both conditions in one.
        """
        for orders in (self.with_overdue_payment(), self.with_overdue_refund()):
            for batch in orders.in_batches(BATCH_SIZE):
                yield from batch

    def with_overdue_payment(self) -> Self:
        return self.filter(_payment_is_overdue(timezone.now()))

    def with_overdue_refund(self) -> Self:
        """Return orders with an overdue refund, without those that wait for their payment."""
        others = self.exclude(status=Status.PENDING).exclude(_is_waiting_for_money)
        return others.filter(_refund_is_overdue(timezone.now()))

    def newest_first(self) -> Self:
        return self.order_by("-placed_at", "-pk")


# With an amount paid, the order waits for a review, and a sync would not help.
_is_waiting_for_money = Q(status=Status.PROCESSING, amount_paid=0)


def _payment_is_overdue(now: datetime) -> Q:
    """Orders whose payment a sync may settle, except those that a checkout is working on."""
    two_minutes_ago = _two_minutes_before(now)
    pending = Q(status=Status.PENDING) & (
        Q(placed_at__lt=two_minutes_ago, session_id__isnull=True)
        | Q(cancel_requested_at__lt=two_minutes_ago)
        | Q(session_expires_at__lt=now)
        | _is_due_for_sync(now)
    )
    # Comes first, so that every query planner uses the status index.
    unsettled = Q(status__in=(Status.PENDING, Status.PROCESSING))
    processing = _is_waiting_for_money & _is_due_for_sync(now)
    return unsettled & _was_not_just_synced(now) & (pending | processing)


def _refund_is_overdue(now: datetime) -> Q:
    clearing = ("pending", "requires_action")
    refunds = apps.get_model("stripe_cart", "Refund").objects.filter(
        Q(status__in=("unknown", *clearing))
        & _was_not_just_synced(now, "order__")
        & (
            Q(status="unknown", created__lt=_two_minutes_before(now))
            | (Q(status__in=clearing) & _is_due_for_sync(now, "order__"))
        )
    )
    return Q(pk__in=refunds.order_by().values("order"))


def _two_minutes_before(now: datetime) -> datetime:
    return now - timedelta(minutes=2)


def _was_not_just_synced(now: datetime, path: str = "") -> Q:
    never = Q(**{f"{path}synced_at__isnull": True})
    return never | Q(**{f"{path}synced_at__lt": _two_minutes_before(now)})


def _is_due_for_sync(now: datetime, path: str = "") -> Q:
    then = now - timedelta(minutes=30)
    never = Q(**{f"{path}synced_at__isnull": True, f"{path}placed_at__lt": then})
    return never | Q(**{f"{path}synced_at__lt": then})
