"""The webhook URL of this site, and its endpoint at Stripe."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from django_stripe_cart.conf import conf
from django_stripe_cart.gateway import Endpoint
from django_stripe_cart.webhooks.processing import EVENT_TYPES


def webhook_url() -> str | None:
    """Return the webhook URL of this site, or None if ``STRIPE_CART_BASE_URL`` is not set."""
    return conf.base_url + reverse("stripe_cart_webhook") if conf.base_url else None


def endpoint_problems(endpoint: Endpoint) -> Iterator[str]:
    """Yield a sentence for each setting of ``endpoint`` that prevents the processing of events."""
    if not endpoint.is_enabled:
        yield "It is disabled."
    missing = EVENT_TYPES - endpoint.types
    if missing and "*" not in endpoint.types:
        yield f"It is not subscribed to {', '.join(sorted(missing))}."
    if endpoint.api_version and endpoint.api_version != conf.api_version:
        yield f"It uses API version {endpoint.api_version}, this app uses {conf.api_version}."
