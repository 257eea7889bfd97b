"""Sync an unsettled order while its page is open: when, and after which pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.models import Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.timeline import BY_SHOPPER

MIN_SYNC_INTERVAL = timedelta(seconds=3)
REFRESH_DELAYS = (2, 4, 8, 15, 30)  # seconds; most payments are confirmed long before the last
FIRST_REFRESH = "?refresh=0"  # query string of an order page that refreshes itself


def was_synced_recently(order: Order) -> bool:
    """Whether to skip a sync: Stripe allows 25 requests a second for the whole shop."""
    return order.synced_at is not None and order.synced_at > timezone.now() - MIN_SYNC_INTERVAL


def sync_if_unsettled(order: Order) -> Order:
    """Sync the order with Stripe, unless it has reached a final status."""
    return sync_or_keep(order) if order.is_unsettled else order


def sync_or_keep(order: Order) -> Order:
    """Sync the order with Stripe; return it unchanged if Stripe does not answer."""
    try:
        return sync_order(order, by=BY_SHOPPER)
    except PaymentError:
        return order


@dataclass(frozen=True)
class RefreshSchedule:
    """When the order page refreshes next, after it has done so ``attempt`` times."""

    attempt: int

    @classmethod
    def parse(cls, text: str) -> RefreshSchedule | None:
        """Return the schedule for the value of ``?refresh=``; None if the page does not refresh."""
        is_valid = len(text) < 3 and text.isascii() and text.isdigit()
        return cls(int(text)) if is_valid else None

    @property
    def is_over(self) -> bool:
        return self.attempt >= len(REFRESH_DELAYS)

    @property
    def seconds(self) -> int:
        """int, seconds until the next refresh."""
        return REFRESH_DELAYS[self.attempt]

    @property
    def next_query(self) -> str:
        """str, the query string of the next refresh."""
        return f"?refresh={self.attempt + 1}"
