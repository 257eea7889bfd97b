"""Where Stripe sends the shopper back to."""

from __future__ import annotations

from urllib.parse import urlencode, urljoin

from django.http import HttpRequest
from django.urls import reverse

from django_stripe_cart.checkout import ReturnUrls
from django_stripe_cart.conf import conf
from django_stripe_cart.web.responses import next_url


def return_urls(request: HttpRequest, *, cancel: str) -> ReturnUrls:
    """Return them below the shop's own address; ``cancel`` is a path, or a whole address."""
    base = conf.base_url or request.build_absolute_uri("/").rstrip("/")
    return ReturnUrls(
        success=lambda order: base + reverse("stripe_cart:checkout_return", args=[order.reference]),
        cancel=urljoin(base + "/", cancel),
    )


def canceled_url(request: HttpRequest) -> str:
    return reverse("stripe_cart:checkout_canceled") + "?" + urlencode({"next": next_url(request)})
