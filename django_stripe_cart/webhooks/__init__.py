"""Webhooks: process Stripe's events, and read those whose webhook never arrived."""

from django_stripe_cart.webhooks.missed_events import Reading, read_missed_events

__all__ = ["Reading", "read_missed_events"]
