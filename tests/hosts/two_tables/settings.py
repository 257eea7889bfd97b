"""Books and posters are two tables below one, by multi-table inheritance."""

from tests.hosts.base import *  # noqa: F403

INSTALLED_APPS += ["tests.hosts.two_tables"]  # noqa: F405
STRIPE_CART_PRODUCT_MODEL = "two_tables.Ware"
