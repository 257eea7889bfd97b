"""Metadata of the objects that we create at Stripe, to match events to orders.

It says nothing about the shopper (docs.stripe.com/metadata).
"""

from __future__ import annotations

from django.utils.crypto import salted_hmac

from django_stripe_cart.models import Order

ORDER_KEY = "stripe_cart_order"
SHOP_KEY = "stripe_cart_shop"  # distinguishes shops that use the same Stripe account
REFUND_KEY = "stripe_cart_refund"


def order_metadata(order: Order) -> dict[str, str]:
    """Return the metadata of every object at Stripe that belongs to ``order``."""
    return {ORDER_KEY: str(order.reference), SHOP_KEY: shop_id()}


def shop_id() -> str:
    """Return this shop's id (16 hex digits), derived from ``SECRET_KEY`` without revealing it."""
    return salted_hmac("stripe_cart.shop", "shop", algorithm="sha256").hexdigest()[:16]
