"""`/v1/webhook_endpoints`: create, update and delete webhook endpoints."""

import re
from typing import Any

from django_stripe_cart.sandbox import api_versions
from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.webhook_endpoint import build_webhook_endpoint
from django_stripe_cart.sandbox.parameters import (
    EXPAND,
    Boolean,
    Hash,
    ListOf,
    Metadata,
    Parameter,
    Text,
    Url,
)

ENDPOINT = "webhook_endpoint"
MAX_ENDPOINTS = 16
TYPE = re.compile(r"^[a-z_0-9]+(\.[a-z_0-9]+)+$")


class EventType(Text):
    """A parameter with an event type, such as `charge.refunded`. `*` means all event types."""

    def clean(self, value: Any, path: str) -> str:
        """Return the event type. Raise `ApiError` if it is malformed."""
        text = super().clean(value, path)
        if text != "*" and not TYPE.match(text):
            raise ApiError(f"Invalid {path}: there is no event of type {text}", param=path)
        return text


FIELDS: dict[str, Parameter] = {
    "description": Text(may_be_empty=True),
    "enabled_events": ListOf(EventType()),
    "expand": EXPAND,
    "metadata": Metadata(),
    "url": Url(),
}
CREATE = Hash(
    {**FIELDS, "api_version": Text(), "connect": Boolean()}, required=["url", "enabled_events"]
)
UPDATE = Hash({**FIELDS, "disabled": Boolean()})


def create_endpoint(account: Account, params: Object) -> Object:
    """Create a webhook endpoint, and return it with its secret.

    No later call returns the secret.
    """
    if len(account.store.find(ENDPOINT)) >= MAX_ENDPOINTS:
        raise ApiError(f"You have reached the maximum of {MAX_ENDPOINTS} webhook endpoints.")
    version = params.get("api_version")
    endpoint = build_webhook_endpoint(
        params["url"],
        params["enabled_events"],
        api_version=api_versions.check_version(version) if version else None,
        description=params.get("description"),
        metadata=params.get("metadata"),
        created=account.clock.now(),
    )
    account.save(endpoint)
    return {**endpoint, "secret": endpoint["_"]["secrets"][0]["secret"]}


def update_endpoint(account: Account, id: str, params: Object) -> Object:
    """Change the URL, events, description, metadata or status of a webhook endpoint.

    The parameter `disabled` sets the status to `disabled` or `enabled`.
    """
    endpoint = account.get(ENDPOINT, id)
    for name in ("url", "enabled_events", "description"):
        endpoint[name] = params.get(name, endpoint[name])
    endpoint["metadata"] |= params.get("metadata", {})
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    return account.save(endpoint)


def delete_endpoint(account: Account, id: str) -> Object:
    """Delete a webhook endpoint, and return the confirmation."""
    account.get(ENDPOINT, id)
    account.store.delete(id)
    return {"id": id, "object": ENDPOINT, "deleted": True}
