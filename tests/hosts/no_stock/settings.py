"""Its courses are never sold out: nothing is counted."""

from tests.hosts.base import *  # noqa: F403

INSTALLED_APPS += ["tests.hosts.no_stock"]  # noqa: F405
STRIPE_CART_PRODUCT_MODEL = "no_stock.Course"
