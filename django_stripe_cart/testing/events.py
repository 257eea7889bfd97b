"""Signed webhooks, as Stripe sends them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django_stripe_cart.conf import conf
from django_stripe_cart.sandbox.ids import new_id
from django_stripe_cart.sandbox.signature import sign


@dataclass(frozen=True)
class SignedEvent:
    """The body and the headers of an event's signed webhook."""

    body: bytes
    headers: dict[str, str]


def signed_event(
    type: str, object: Mapping[str, Any], *, secret: str | None = None, timestamp: int | None = None
) -> SignedEvent:
    """Return the signed webhook of a new event with this ``type`` and ``object``.

    The default of ``secret`` is the first of the site's webhook secrets. ``timestamp`` (int, Unix
    seconds) is the time of the signature; its default is now. For example::

        event = signed_event("checkout.session.completed", stripe_sandbox.sessions[0])
        client.post(url, event.body, content_type="application/json", headers=event.headers)
    """
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": conf.api_version,
        "created": int(time.time()),
        "data": {"object": dict(object)},
        "livemode": bool(object.get("livemode", False)),
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type,
    }
    return sign_event(event, secret=secret, timestamp=timestamp)


def sign_event(
    event: Mapping[str, Any], *, secret: str | None = None, timestamp: int | None = None
) -> SignedEvent:
    """Return the signed webhook of an existing event, e.g. one of ``sandbox.events``."""
    body = json.dumps(event).encode()
    moment = int(time.time()) if timestamp is None else timestamp
    signature = sign(body, secret or conf.webhook_secrets[0], timestamp=moment)
    headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
    return SignedEvent(body, headers)
