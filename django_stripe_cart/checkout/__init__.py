"""Checkout: place the order of a cart, and start, resume or cancel its payment."""

from django_stripe_cart.checkout.flow import (
    ReturnUrls,
    begin_checkout,
    cancel_order,
    place_order,
    resume_payment,
    start_payment,
)

__all__ = [
    "ReturnUrls",
    "begin_checkout",
    "cancel_order",
    "place_order",
    "resume_payment",
    "start_payment",
]
