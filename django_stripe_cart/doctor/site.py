"""Diagnosis of the site: its URLs and products."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import NoReverseMatch, reverse

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, advice, good
from django_stripe_cart.models import get_product_model


def diagnose_urls_and_products() -> Iterator[Finding]:
    """Report the URLs of cart and webhook, the host to which shoppers return, and the products."""
    for name, what in {"stripe_cart:cart": "cart", "stripe_cart_webhook": "webhook"}.items():
        try:
            yield good(f"The {what} is at {reverse(name)}.")
        except NoReverseMatch:
            yield advice(f"The {what} has no URL.")
    if conf.base_url:
        yield good(f"Shoppers return from Stripe to {conf.base_url}.")
    else:
        yield advice(
            "Shoppers return from Stripe to the host that they came from.",
            next='If the site has one address only: STRIPE_CART_BASE_URL = "https://….example"',
        )
    try:
        products = get_product_model()._base_manager.count()
    except (LookupError, ValueError, AttributeError):
        return
    if products:
        yield good(f"Products: {products}.")
    else:
        yield advice("There is no product yet.", next="Add one in the admin.")
