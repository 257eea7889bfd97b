"""Where Stripe should ring, and what is wrong with where it does."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from django_stripe_cart.conf import conf
from django_stripe_cart.gateway import Endpoint
from django_stripe_cart.webhooks.processing import TYPES


def own_url() -> str | None:
    """The webhook's full address, if ``STRIPE_CART_BASE_URL`` says where this site is."""
    return conf.base_url + reverse("stripe_cart_webhook") if conf.base_url else None


def troubles(endpoint: Endpoint) -> Iterator[str]:
    if not endpoint.is_enabled:
        yield "It is disabled."
    missing = TYPES - endpoint.types
    if missing and "*" not in endpoint.types:
        yield f"It is not subscribed to {', '.join(sorted(missing))}."
    if endpoint.api_version and endpoint.api_version != conf.api_version:
        yield f"It uses API version {endpoint.api_version}, this app uses {conf.api_version}."
