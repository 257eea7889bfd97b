"""Its products have a UUID for a key, a price in cents and a stock called copies."""

from tests.hosts.base import *  # noqa: F403

INSTALLED_APPS += ["tests.hosts.own_product"]  # noqa: F405
STRIPE_CART_PRODUCT_MODEL = "own_product.Print"
