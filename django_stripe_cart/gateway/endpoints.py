"""Webhook endpoints at Stripe: https://docs.stripe.com/api/webhook_endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django_stripe_cart.conf import conf
from django_stripe_cart.gateway.client import request, request_all
from django_stripe_cart.gateway.sessions import to_datetime


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Webhook endpoint at Stripe: a URL to which Stripe sends events of certain types.

    Only ``create_endpoint`` returns the ``secret``.
    """

    id: str
    url: str
    types: frozenset[str]
    is_enabled: bool
    api_version: str
    created: datetime
    secret: str = ""


def create_endpoint(url: str, types: Iterable[str]) -> Endpoint:
    """Create an endpoint at Stripe that sends events of ``types`` to ``url``.

    Raises ``PaymentError``.
    """
    params = {
        "url": url,
        "enabled_events": sorted(types),
        "api_version": conf.api_version,
        "description": "django-stripe-cart",
    }
    return _read_endpoint(request(lambda client: client.v1.webhook_endpoints.create(params)))  # type: ignore[arg-type]


def list_endpoints(url: str | None = None) -> list[Endpoint]:
    """Return the endpoints at Stripe whose URL is ``url``, newest first.

    If ``url`` is None, return all endpoints. Raises ``PaymentError``.
    """
    listed = request_all(lambda client, params: client.v1.webhook_endpoints.list(params), {})
    return [_read_endpoint(data) for data in listed if url in (None, data["url"])]


def delete_endpoint(endpoint_id: str) -> None:
    """Delete an endpoint at Stripe. Raises ``PaymentError``."""
    request(lambda client: client.v1.webhook_endpoints.delete(endpoint_id))


def _read_endpoint(data: Mapping[str, Any]) -> Endpoint:
    """Return the ``Endpoint`` of Stripe's webhook endpoint object."""
    return Endpoint(
        id=data["id"],
        url=data["url"],
        types=frozenset(data.get("enabled_events") or ()),
        is_enabled=data.get("status") == "enabled",
        api_version=data.get("api_version") or "",
        created=to_datetime(data["created"]),
        secret=data.get("secret") or "",
    )
