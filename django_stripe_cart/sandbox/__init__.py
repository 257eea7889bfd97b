"""Stripe in a box: a stand-in for Stripe's API that the real SDK can use, without a network."""

from django_stripe_cart.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
