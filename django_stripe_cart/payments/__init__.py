"""Fetch the state of orders from Stripe and record it."""

from django_stripe_cart.payments.sync import SyncResult, sync_open_orders, sync_order

__all__ = ["SyncResult", "sync_open_orders", "sync_order"]
