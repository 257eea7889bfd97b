"""Payments: bring an order to what Stripe says about it."""

from django_stripe_cart.payments.sync import Synced, sync_open_orders, sync_order

__all__ = ["Synced", "sync_open_orders", "sync_order"]
