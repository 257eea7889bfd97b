"""The Webhook Endpoint in Stripe's format."""

from collections.abc import Sequence

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id, random_token


def build_webhook_endpoint(
    url: str,
    enabled_events: Sequence[str],
    *,
    secrets: Sequence[str] = (),
    api_version: str | None = None,
    description: str | None = None,
    metadata: Object | None = None,
    created: int,
) -> Object:
    """Return a new, enabled webhook endpoint.

    Without `secrets`, the endpoint gets a random secret.
    """
    return {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": api_version,
        "application": None,
        "created": created,
        "description": description,
        "enabled_events": list(enabled_events),
        "livemode": False,
        "metadata": metadata or {},
        "status": "enabled",
        "url": url,
        "_": {
            "secrets": [
                {"secret": secret, "expires_at": None} for secret in secrets or [new_secret()]
            ]
        },
    }


def add_secret(endpoint: Object, *, until: int) -> str:
    """Add a new secret to an endpoint, and return the secret.

    The old secrets expire at the Unix time `until`.
    """
    secret = new_secret()
    kept = [{**old, "expires_at": old["expires_at"] or until} for old in endpoint["_"]["secrets"]]
    endpoint["_"]["secrets"] = [{"secret": secret, "expires_at": None}, *kept]
    return secret


def new_secret() -> str:
    """Return a random signing secret."""
    return f"whsec_{random_token(32)}"
