"""The sandbox: a stand-in for Stripe on this machine, for tests, demos and development."""

from django_stripe_cart.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
