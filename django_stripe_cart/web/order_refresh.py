"""How an order's page asks Stripe again: when, how often, and with which pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.models import Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.timeline import BY_SHOPPER

PAUSE_BETWEEN_LOOKS = timedelta(seconds=3)
PAUSES = (2, 4, 8, 15, 30)  # seconds; most payments are known long before the last


def was_just_looked_at(order: Order) -> bool:
    """Whether the next look can wait: Stripe answers 25 a second, for all shoppers together."""
    return order.synced_at is not None and order.synced_at > timezone.now() - PAUSE_BETWEEN_LOOKS


def look_again(order: Order) -> Order:
    """Ask Stripe about an order, if it is unsettled."""
    return ask_again(order) if order.is_unsettled else order


def ask_again(order: Order) -> Order:
    """Ask Stripe about an order; without an answer, show what we know."""
    try:
        return sync_order(order, by=BY_SHOPPER)
    except PaymentError:
        return order


@dataclass(frozen=True)
class Wait:
    """What is left of the waiting after ``look`` looks that brought no news."""

    look: int

    @property
    def is_over(self) -> bool:
        return self.look >= len(PAUSES)

    @property
    def seconds(self) -> int:
        """int, how long until the next look."""
        return PAUSES[self.look]

    @property
    def query(self) -> str:
        """str, what the next look puts behind the order's address."""
        return f"?look={self.look + 1}"

    @classmethod
    def read(cls, text: str) -> Wait | None:
        """Return what an address says in ``look``; None if nobody waits there."""
        return cls(int(text)) if len(text) < 3 and text.isascii() and text.isdigit() else None
