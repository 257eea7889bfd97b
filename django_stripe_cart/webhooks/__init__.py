"""Processing of Stripe's events, from webhooks and from Stripe's list of events."""

from django_stripe_cart.webhooks.gaps import sync_orders_of_gap
from django_stripe_cart.webhooks.missed_events import MissedEvents, read_missed_events

__all__ = ["MissedEvents", "read_missed_events", "sync_orders_of_gap"]
