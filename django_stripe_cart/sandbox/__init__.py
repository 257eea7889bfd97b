"""Stripe in a box: the real SDK talks to it, with no account and no network."""

from django_stripe_cart.sandbox.faults import ConnectionLost
from django_stripe_cart.sandbox.payment import Payment
from django_stripe_cart.sandbox.sandbox import Sandbox
from django_stripe_cart.sandbox.wire import Response

__all__ = ["ConnectionLost", "Payment", "Response", "Sandbox"]
