"""Sync orders with Stripe: request payments, refunds and disputes, and record the answers."""

from django_stripe_cart.payments.sync import SyncResult, sync_open_orders, sync_order

__all__ = ["SyncResult", "sync_open_orders", "sync_order"]
