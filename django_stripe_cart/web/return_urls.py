"""The URLs that Stripe redirects the shopper to."""

from __future__ import annotations

from urllib.parse import urljoin

from django.http import HttpRequest
from django.urls import reverse

from django_stripe_cart.checkout import ReturnUrls
from django_stripe_cart.conf import conf


def return_urls(request: HttpRequest, *, cancel: str) -> ReturnUrls:
    """Return the absolute success and cancel URLs for Stripe.

    ``cancel`` is the path or the absolute URL for shoppers who cancel the payment.
    """
    base = conf.base_url or request.build_absolute_uri("/").rstrip("/")
    return ReturnUrls(
        success=lambda order: base + reverse("stripe_cart:checkout_return", args=[order.reference]),
        cancel=urljoin(base + "/", cancel),
    )
