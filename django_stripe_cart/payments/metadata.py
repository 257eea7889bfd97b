"""What our objects carry at Stripe, so that events find home: nothing about the shopper."""

from __future__ import annotations

from django.utils.crypto import salted_hmac

from django_stripe_cart.models import Order

ORDER_KEY = "stripe_cart_order"
SHOP_KEY = "stripe_cart_shop"  # tells our events from those of other shops on the same account
REFUND_KEY = "stripe_cart_refund"


def order_metadata(order: Order) -> dict[str, str]:
    return {ORDER_KEY: str(order.reference), SHOP_KEY: shop_id()}


def shop_id() -> str:
    """str, tells this shop from others; says nothing about the key that it is made from."""
    return salted_hmac("stripe_cart.shop", "shop", algorithm="sha256").hexdigest()[:16]
