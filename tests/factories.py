"""The factories that hosts get, too."""

from django_stripe_cart.testing.factories import make_product

__all__ = ["make_product"]
