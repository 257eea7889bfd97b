"""Queryset of orders, which finds the orders of an owner and the orders to sync."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet
from django_stripe_cart.models.states import Status

O_co = TypeVar("O_co", bound=models.Model, covariant=True)

BATCH_SIZE = 100
CHECKOUT_TIME = timedelta(minutes=2)  # a checkout or a sync may still be working on the order
SYNC_INTERVAL = timedelta(minutes=30)


class OrderQuerySet(PrimaryDatabaseQuerySet[O_co]):
    """Queryset of orders."""

    def open(self) -> Self:
        """Return the orders with an ``open_cart``. A cart has at most one open order."""
        return self.filter(open_cart__isnull=False)

    def owned_by(self, user: Any) -> Self:
        """Return the orders of ``user``, or none if ``user`` is anonymous."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def placed_by_guests(self) -> Self:
        """Return the orders of guests. Anyone who knows the URL of such an order can open it."""
        return self.filter(by_guest=True)

    def for_guest(self, token: str) -> Self:
        """Return the orders of the guest with ``token``."""
        return self.placed_by_guests().filter(cart__token=token) if token else self.none()

    def overdue(self) -> Self:
        """Return the orders whose payment or refund may have changed since the last sync."""
        now = timezone.now()
        return self.filter(_payment_is_overdue(now) | _refund_is_overdue(now))

    def overdue_for_sync(self) -> Iterator[O_co]:
        """Yield the orders with an overdue payment, and then the orders with an overdue refund.

        A payment or refund is overdue if it may have changed since the last sync. In each group,
        the orders that were synced longest ago come first. So if a sync stops early, the next sync
        continues with the remaining orders. There are two queries, because databases use no index
        for both conditions in one query. The primary keys are read all at once, and the orders in
        batches.
        """
        for orders in (self.with_overdue_payment(), self.with_overdue_refund()):
            longest_ago = orders.order_by(F("synced_at").asc(nulls_first=True), "pk")
            pks = list(longest_ago.values_list("pk", flat=True))
            for start in range(0, len(pks), BATCH_SIZE):
                batch = pks[start : start + BATCH_SIZE]
                found = orders.in_bulk(batch)
                yield from (found[pk] for pk in batch if pk in found)

    def with_overdue_payment(self) -> Self:
        """Return the orders whose payment at Stripe may have changed since the last sync."""
        return self.filter(_payment_is_overdue(timezone.now()))

    def with_overdue_refund(self) -> Self:
        """Return the orders with a refund that may have changed at Stripe since the last sync.

        Orders that still wait for their payment are left out.
        """
        others = self.exclude(status=Status.PENDING).exclude(_is_waiting_for_money)
        return others.filter(_refund_is_overdue(timezone.now()))

    def newest_first(self) -> Self:
        """Return the orders sorted by the time at which they were placed, the latest first."""
        return self.order_by("-placed_at", "-pk")


# A PROCESSING order with an amount paid waits for a review by staff, not for Stripe.
_is_waiting_for_money = Q(status=Status.PROCESSING, amount_paid=0)


def _payment_is_overdue(now: datetime) -> Q:
    """Return the condition for orders whose payment may have changed since the last sync.

    Orders on which a checkout may still be working do not meet the condition.
    """
    two_minutes_ago = now - CHECKOUT_TIME
    pending = Q(status=Status.PENDING) & (
        Q(placed_at__lt=two_minutes_ago, session_id__isnull=True)
        | Q(cancel_requested_at__lt=two_minutes_ago)
        | Q(session_expires_at__lt=now)
        | _is_due_for_sync(now)
    )
    # This condition comes first, so that every database uses the index of the status.
    unsettled = Q(status__in=(Status.PENDING, Status.PROCESSING))
    processing = _is_waiting_for_money & _is_due_for_sync(now)
    return unsettled & _was_not_just_synced(now) & (pending | processing)


def _refund_is_overdue(now: datetime) -> Q:
    """Return the condition for orders with a refund that may have changed since the last sync."""
    clearing = ("pending", "requires_action")
    refunds = apps.get_model("stripe_cart", "Refund").objects.filter(
        Q(status__in=("unknown", *clearing))
        & _was_not_just_synced(now, "order__")
        & (
            Q(status="unknown", created__lt=now - CHECKOUT_TIME)
            | (Q(status__in=clearing) & _is_due_for_sync(now, "order__"))
        )
    )
    return Q(pk__in=refunds.order_by().values("order"))


def _was_not_just_synced(now: datetime, path: str = "") -> Q:
    """Return the condition for orders that had no sync in the last two minutes.

    ``path`` is the prefix of the lookups, for a query of another model.
    """
    never = Q(**{f"{path}synced_at__isnull": True})
    return never | Q(**{f"{path}synced_at__lt": now - CHECKOUT_TIME})


def _is_due_for_sync(now: datetime, path: str = "") -> Q:
    """Return the condition for orders whose last sync is over 30 minutes ago.

    If an order was never synced, the time at which it was placed counts instead. ``path`` is the
    prefix of the lookups, for a query of another model.
    """
    then = now - SYNC_INTERVAL
    never = Q(**{f"{path}synced_at__isnull": True, f"{path}placed_at__lt": then})
    return never | Q(**{f"{path}synced_at__lt": then})
