"""Processing of Stripe's events, from webhooks and from Stripe's list of events."""

from django_stripe_cart.webhooks.gaps import sync_orders_of_gap
from django_stripe_cart.webhooks.missed_events import MissedEvents, read_missed_events
from django_stripe_cart.webhooks.waiting_events import acknowledge_event, retry_event

__all__ = [
    "MissedEvents",
    "acknowledge_event",
    "read_missed_events",
    "retry_event",
    "sync_orders_of_gap",
]
