"""Metadata of the objects that this app creates at Stripe.

The metadata shows to which order a Stripe event belongs. It contains no data about the shopper
(docs.stripe.com/metadata).
"""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import salted_hmac

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order

ORDER_KEY = "stripe_cart_order"
SHOP_KEY = "stripe_cart_shop"  # distinguishes shops that use the same Stripe account
REFUND_KEY = "stripe_cart_refund"


def order_metadata(order: Order) -> dict[str, str]:
    """Return the metadata for the Stripe objects of ``order``."""
    return {ORDER_KEY: str(order.reference), SHOP_KEY: shop_id()}


def shop_id() -> str:
    """Return the id of this shop.

    The id is ``STRIPE_CART_SHOP_ID``. If this setting is not set, the id is a hash of
    ``SECRET_KEY``.
    """
    return conf.shop_id or _digest(settings.SECRET_KEY)


def is_this_shop(shop: str | None) -> bool:
    """Return whether ``shop`` is an id of this shop.

    ``shop`` is the shop id in the metadata of a Stripe object, or None. If ``STRIPE_CART_SHOP_ID``
    is not set, the hash of a key in ``SECRET_KEY_FALLBACKS`` is an id of this shop, too.
    """
    if conf.shop_id is not None:
        return shop == conf.shop_id
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return shop in {_digest(key) for key in keys}


def _digest(secret_key: str | bytes) -> str:
    """Return the 16 hex digits that identify a shop with this ``SECRET_KEY``."""
    hashed = salted_hmac("stripe_cart.shop", "shop", secret=secret_key, algorithm="sha256")
    return hashed.hexdigest()[:16]
