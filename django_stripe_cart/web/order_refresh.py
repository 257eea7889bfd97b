"""While a payment may still change, refresh the order's page and sync the order with Stripe."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.timeline import BY_SHOPPER

logger = logging.getLogger("stripe_cart")

MIN_SYNC_INTERVAL = timedelta(seconds=3)
REFRESH_DELAYS = (2, 4, 8, 15, 30)  # seconds; most payments are confirmed long before the last
FIRST_REFRESH = "?refresh=0"  # query string of an order page that refreshes itself


def was_synced_recently(order: Order) -> bool:
    """Return whether the order was synced with Stripe in the last three seconds."""
    # Stripe allows 25 requests a second for the whole shop.
    return order.synced_at is not None and order.synced_at > timezone.now() - MIN_SYNC_INTERVAL


def sync_if_unsettled(order: Order, *, at_once: bool = False) -> Order:
    """Sync the order with Stripe if its payment may still succeed or fail, and return it.

    Nothing is requested if the order was synced in the last three seconds, except with ``at_once``.
    """
    if not order.is_unsettled or (was_synced_recently(order) and not at_once):
        return order
    return sync_or_keep(order)


def sync_or_keep(order: Order) -> Order:
    """Sync the order with Stripe, and return the order.

    If Stripe can't be reached, or if the database can't be written to, the order is returned
    unchanged.
    """
    try:
        return sync_order(order, by=BY_SHOPPER)
    except PaymentError:
        return order
    except DatabaseError as error:
        details = describe_without_values(error)
        logger.error("Order %s could not be synced: %s", order.reference, details)
        return order


@dataclass(frozen=True)
class RefreshSchedule:
    """Schedule of a page that refreshes itself. ``attempt`` is the number of refreshes so far."""

    attempt: int

    @classmethod
    def parse(cls, text: str) -> RefreshSchedule | None:
        """Return the schedule for the URL parameter ``refresh``.

        Return None if ``text``, the value of the parameter, is not a number.
        """
        is_valid = len(text) < 3 and text.isascii() and text.isdigit()
        return cls(int(text)) if is_valid else None

    @property
    def is_over(self) -> bool:
        """Return whether the page has refreshed itself for the last time."""
        return self.attempt >= len(REFRESH_DELAYS)

    @property
    def seconds(self) -> int:
        """Return the number of seconds until the next refresh."""
        return REFRESH_DELAYS[self.attempt]

    @property
    def next_query(self) -> str:
        """Return the query string of the URL that the next refresh loads."""
        return f"?refresh={self.attempt + 1}"
