"""What the pages ask Stripe about an order: no more often than it can have changed."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.models import Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.timeline import BY_SHOPPER

PAUSE_BETWEEN_LOOKS = timedelta(seconds=3)


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
