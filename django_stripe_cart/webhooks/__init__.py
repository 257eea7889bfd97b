"""Process Stripe's webhook events, and read those whose webhook never arrived."""

from django_stripe_cart.webhooks.missed_events import MissedEvents, read_missed_events

__all__ = ["MissedEvents", "read_missed_events"]
