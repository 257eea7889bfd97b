"""A mixin for ``unittest``: ``class CheckoutTests(StripeCartMixin, TestCase)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_stripe_cart.models import Order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing import factories
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.sandbox import stripe_sandbox

if TYPE_CHECKING:
    from django.test import SimpleTestCase as Base
else:
    Base = object


class StripeCartMixin(Base):
    """A mixin that gives each test of a ``TestCase`` a ``stripe_sandbox`` in the test process."""

    stripe_sandbox: Sandbox

    def setUp(self) -> None:
        """Start the test's sandbox, which is stopped after the test."""
        super().setUp()
        self.stripe_sandbox = self.enterContext(stripe_sandbox())

    def make_shopper(self, user: Any = None) -> Browser:
        """Return a browser in which ``user``, or a new user, is signed in."""
        return Browser(user or factories.make_user())

    def make_order(self, status: str = "pending", **options: Any) -> Order:
        """Create an order, and bring it to ``status``, as ``factories.make_order`` does."""
        return factories.make_order(self.stripe_sandbox, status, **options)
