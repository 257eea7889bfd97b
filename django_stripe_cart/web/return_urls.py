"""The URLs that Stripe redirects the shopper to."""

from __future__ import annotations

from urllib.parse import urlencode, urljoin

from django.http import HttpRequest
from django.urls import reverse

from django_stripe_cart.checkout import ReturnUrls
from django_stripe_cart.conf import conf
from django_stripe_cart.web.requests import next_url


def return_urls(request: HttpRequest, *, cancel: str) -> ReturnUrls:
    """Return absolute success and cancel URLs; ``cancel`` is a path or an absolute URL."""
    base = conf.base_url or request.build_absolute_uri("/").rstrip("/")
    return ReturnUrls(
        success=lambda order: base + reverse("stripe_cart:checkout_return", args=[order.reference]),
        cancel=urljoin(base + "/", cancel),
    )


def canceled_url(request: HttpRequest) -> str:
    return reverse("stripe_cart:checkout_canceled") + "?" + urlencode({"next": next_url(request)})
