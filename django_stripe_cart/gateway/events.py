"""Webhook events and their signatures: https://docs.stripe.com/webhooks."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import InvalidWebhook
from django_stripe_cart.gateway.client import request_all

TIMESTAMP_TOLERANCE = 300  # seconds, into the past and into the future


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook event. ``data`` is its object as it was when the event was created."""

    id: str
    type: str
    livemode: bool
    account: str
    data: Mapping[str, Any]

    @property
    def object_id(self) -> str:
        return str(self.data.get("id") or "")

    @property
    def metadata(self) -> Mapping[str, str]:
        metadata = self.data.get("metadata")
        return metadata if isinstance(metadata, Mapping) else {}


def read_event(body: bytes, signature: str) -> Event:
    """Return the event in ``body`` if it is signed with a secret of ``STRIPE_CART_WEBHOOK_SECRET``.

    ``signature`` is the ``Stripe-Signature`` header. Raises ``InvalidWebhook`` for anything else.
    """
    # The SDK raises TypeError, UnicodeDecodeError, AttributeError and others for malformed input,
    # which Stripe does not send.
    try:
        _verify(body.decode("utf-8"), signature)
        return _parse_event(json.loads(body))
    except Exception as error:
        # From None: the frames' variables hold the secrets, and error pages show variables.
        raise InvalidWebhook(f"Not a webhook from Stripe: {type(error).__name__}") from None


def sign(body: bytes, secret: str) -> str:
    """Return the ``Stripe-Signature`` header of ``body``, as Stripe would send it now."""
    timestamp = int(time.time())
    proof = hmac.new(secret.encode(), b"%d.%s" % (timestamp, body), sha256).hexdigest()
    return f"t={timestamp},v1={proof}"


def list_events(types: Iterable[str], *, since: datetime) -> Iterator[Event]:
    """Yield the events of ``types`` (at most 20) that were created since then, newest first.

    Stripe lists events of the last 30 days (docs.stripe.com/api/events/list). Raises
    ``PaymentError``.
    """
    wanted = {"types": sorted(types), "created": {"gte": int(since.timestamp())}}
    for data in request_all(lambda client, params: client.v1.events.list(params), wanted):
        yield _parse_event(data)


def _verify(body: str, signature: str) -> None:
    _check_timestamp_not_in_future(signature)
    secrets = conf.webhook_secrets
    if not secrets:
        raise InvalidWebhook("STRIPE_CART_WEBHOOK_SECRET is not set.")
    for secret in secrets[:-1]:
        if _is_signed(body, signature, secret):
            return
    _verify_with(body, signature, secrets[-1])


def _is_signed(body: str, signature: str, secret: str) -> bool:
    try:
        _verify_with(body, signature, secret)
    except Exception:
        return False
    return True


def _verify_with(body: str, signature: str, secret: str) -> None:
    import stripe

    stripe.WebhookSignature.verify_header(body, signature, secret, tolerance=TIMESTAMP_TOLERANCE)


def _check_timestamp_not_in_future(signature: str) -> None:
    """The SDK checks only that the timestamp is not too old."""
    stamps = re.findall(r"(?:^|,)\s*t=(\d{1,12})(?=,|$)", signature, re.ASCII)
    if len(stamps) != 1 or int(stamps[0]) > time.time() + TIMESTAMP_TOLERANCE:
        raise InvalidWebhook("The signature's timestamp is missing or lies in the future.")


def _parse_event(event: Any) -> Event:
    return Event(
        id=_checked_text(event["id"], 255),
        type=_checked_text(event["type"], 100),
        livemode=event["livemode"] is True,
        account=str(event.get("account") or ""),
        data=dict(event["data"]["object"]),
    )


def _checked_text(value: Any, max_length: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= max_length or "\x00" in value:
        raise InvalidWebhook("The event's id or type is not readable.")
    return value
