"""The shopper that hosts get, too."""

from django_stripe_cart.testing.shopping import Browser, messages_of

__all__ = ["Browser", "messages_of"]
