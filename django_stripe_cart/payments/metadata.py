"""Metadata of the objects that this app creates at Stripe. Events are matched to orders by it.

It contains no data about the shopper (docs.stripe.com/metadata).
"""

from __future__ import annotations

from django.utils.crypto import salted_hmac

from django_stripe_cart.models import Order

ORDER_KEY = "stripe_cart_order"
SHOP_KEY = "stripe_cart_shop"  # distinguishes shops that use the same Stripe account
REFUND_KEY = "stripe_cart_refund"


def order_metadata(order: Order) -> dict[str, str]:
    """Return the metadata for the Stripe objects of ``order``."""
    return {ORDER_KEY: str(order.reference), SHOP_KEY: shop_id()}


def shop_id() -> str:
    """Return the id of this shop (16 hex digits), which is a hash of ``SECRET_KEY``."""
    return salted_hmac("stripe_cart.shop", "shop", algorithm="sha256").hexdigest()[:16]
