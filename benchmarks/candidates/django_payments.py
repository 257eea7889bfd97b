"""django-payments: a payment with Stripe's provider, and its webhook, for the minimal shop.

What is not equal: by itself it tells Stripe one line with the total of the order, and a host that
wants the shopper to see what they pay for writes ``get_line_items``, as here.
"""

from __future__ import annotations

from typing import Any

from django.urls import include, path

from benchmarks import stub
from benchmarks.candidates import minimal
from benchmarks.candidates.minimal import fill_cart, fingerprint, make_products  # noqa: F401

APPS = ["benchmarks.minimal", "payments", "benchmarks.payment"]
SETTINGS = {
    "PAYMENT_MODEL": "payment.Payment",
    "PAYMENT_HOST": "testserver",
    "PAYMENT_VARIANTS": {
        "stripe": (
            "benchmarks.payment.provider.Provider",
            {"api_key": stub.KEY, "endpoint_secret": stub.SECRET},
        )
    },
}
PATHS = {"checkout": "/checkout/", "webhook": "/payments/process/stripe/"}


def view(name: str) -> Any:
    from benchmarks.payment import views

    return views.checkout if name == "checkout" else minimal.view(name)


def __getattr__(name: str) -> Any:
    if name != "urlpatterns":
        raise AttributeError(name)
    return [*minimal.routes(view), path("payments/", include("payments.urls"))]


def connect() -> None:
    """Have Stripe played by the stub."""
    import stripe

    stripe.default_http_client = stub.sdk_client()
