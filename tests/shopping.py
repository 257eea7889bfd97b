"""The shopper that hosts get, too."""

from django_stripe_cart.testing.browser import Browser, messages_of

__all__ = ["Browser", "messages_of"]
