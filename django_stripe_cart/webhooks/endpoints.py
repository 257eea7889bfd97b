"""The webhook URL of this site, and its endpoint at Stripe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import reverse

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.gateway import Endpoint
from django_stripe_cart.webhooks.processing import EVENT_TYPES

# In older versions, refund.failed is not sent for charges (docs.stripe.com/changelog, acacia).
REFUND_EVENTS_SINCE = "2024-10-28.acacia"


def webhook_url() -> str | None:
    """Return the webhook URL of this site, or None if ``STRIPE_CART_BASE_URL`` is not set."""
    return conf.base_url + reverse("stripe_cart_webhook") if conf.base_url else None


def find_default_version(endpoints: Iterable[Endpoint]) -> str:
    """Return the account's default API version if one of ``endpoints`` uses it.

    Return "" if none of ``endpoints`` uses the default version, or if the version is not known.
    """
    if all(endpoint.api_version for endpoint in endpoints):
        return ""
    try:
        return gateway.retrieve_default_version()
    except PaymentError:
        return ""


def endpoint_problems(endpoint: Endpoint, *, default_version: str) -> Iterator[str]:
    """Yield a sentence for each setting of ``endpoint`` that prevents the processing of events.

    ``default_version`` (str) is the account's default API version, or "" if it is not known.
    """
    if not endpoint.is_enabled:
        yield "It is disabled."
    missing = EVENT_TYPES - endpoint.types
    if missing and "*" not in endpoint.types:
        yield f"It is not subscribed to {', '.join(sorted(missing))}."
    if endpoint.api_version and endpoint.api_version != conf.api_version:
        yield f"It uses API version {endpoint.api_version}, this app uses {conf.api_version}."
    if not endpoint.api_version and _lacks_refund_events(default_version):
        yield (
            f"It uses the account's default API version, {default_version}: before "
            f"{REFUND_EVENTS_SINCE}, Stripe sends no refund.failed about a charge."
        )


def _lacks_refund_events(version: str) -> bool:
    """Return whether ``version`` is an API version without refund events about charges.

    If ``version`` is "", the API version is not known, and the result is False.
    """
    return len(version) > 0 and version[:10] < REFUND_EVENTS_SINCE[:10]
