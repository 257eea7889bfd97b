"""A strict Content Security Policy: nothing inline, and nothing from anywhere but this site."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from django_stripe_cart.conf import conf

Handler = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: Handler) -> Handler:
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        # Without JavaScript the Checkout form is posted, and the answer leads to the payment page.
        f"form-action 'self' {payment_origin()}"
    )

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return middleware


def payment_origin() -> str:
    if conf.api_base is None:
        return "https://checkout.stripe.com"
    parts = urlsplit(conf.api_base)
    return f"{parts.scheme}://{parts.netloc}"
