"""Orders in the admin: the list, the page of an order, and the actions on it."""

from django_stripe_cart.admin.orders.admin import OrderAdmin

__all__ = ["OrderAdmin"]
