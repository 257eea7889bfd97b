"""Which orders: theirs, the open ones, the newest, and those about which Stripe may know more."""

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

PORTION = 100


class OrderQuerySet(PrimaryDatabaseQuerySet[O_co]):
    def open(self) -> Self:
        """Those that hold their cart's one slot."""
        return self.filter(open_cart__isnull=False)

    def owned_by(self, user: Any) -> Self:
        return self.filter(user=user) if user.is_authenticated else self.none()

    def placed_by_guests(self) -> Self:
        """Those to whom their address is the key."""
        return self.filter(by_guest=True)

    def for_guest(self, token: str) -> Self:
        return self.placed_by_guests().filter(cart__token=token) if token else self.none()

    def overdue(self) -> Self:
        """Those about which Stripe may know more than we do."""
        now = timezone.now()
        return self.filter(_payment_is_overdue(now) | _refund_is_overdue(now))

    def overdue_for_sync(self) -> Iterator[O_co]:
        """The overdue ones, in small portions.

        First those whose payment is, then those with a refund that is: each has an index of its
        own, which no database uses for the two together.
        """
        yield from self.with_overdue_payment().in_portions()
        yield from self.with_overdue_refund().in_portions()

    def with_overdue_payment(self) -> Self:
        return self.filter(_payment_is_overdue(timezone.now()))

    def with_overdue_refund(self) -> Self:
        """Those of the overdue ones that are not waiting for their payment."""
        others = self.exclude(status=Status.PENDING).exclude(_is_waiting_for_money)
        return others.filter(_refund_is_overdue(timezone.now()))

    def in_portions(self) -> Iterator[O_co]:
        """A portion begins where the last one ended, so the whole list is never in memory."""
        rows = self.order_by("pk")
        portion = list(rows[:PORTION])
        while portion:
            yield from portion
            portion = list(rows.filter(pk__gt=portion[-1].pk)[:PORTION])

    def newest_first(self) -> Self:
        return self.order_by("-placed_at", "-pk")


# What has arrived and waits for a person needs no look; what may still arrive does.
_is_waiting_for_money = Q(status=Status.PROCESSING, amount_paid=0)


def _payment_is_overdue(now: datetime) -> Q:
    """Which orders another look may change: not those that a running checkout is busy with."""
    waited = _waited(now)
    pending = Q(status=Status.PENDING) & (
        Q(placed_at__lt=waited, session_id__isnull=True)
        | Q(cancel_requested_at__lt=waited)
        | Q(session_expires_at__lt=now)
        | _is_long_ago(now)
    )
    # Said first, so that all databases begin with the index.
    unsettled = Q(status__in=(Status.PENDING, Status.PROCESSING))
    return unsettled & _is_untouched(now) & (pending | (_is_waiting_for_money & _is_long_ago(now)))


def _refund_is_overdue(now: datetime) -> Q:
    clearing = ("pending", "requires_action")
    refunds = apps.get_model("stripe_cart", "Refund").objects.filter(
        Q(status__in=("unknown", *clearing))
        & _is_untouched(now, "order__")
        & (
            Q(status="unknown", created__lt=_waited(now))
            | (Q(status__in=clearing) & _is_long_ago(now, "order__"))
        )
    )
    return Q(pk__in=refunds.order_by().values("order"))


def _waited(now: datetime) -> datetime:
    return now - timedelta(minutes=2)


def _is_untouched(now: datetime, path: str = "") -> Q:
    never = Q(**{f"{path}synced_at__isnull": True})
    return never | Q(**{f"{path}synced_at__lt": _waited(now)})


def _is_long_ago(now: datetime, path: str = "") -> Q:
    then = now - timedelta(minutes=30)
    never = Q(**{f"{path}synced_at__isnull": True, f"{path}placed_at__lt": then})
    return never | Q(**{f"{path}synced_at__lt": then})
