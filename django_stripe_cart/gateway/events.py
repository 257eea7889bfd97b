"""Stripe's events and the signatures of webhooks: https://docs.stripe.com/webhooks."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Any

from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import InvalidWebhook
from django_stripe_cart.gateway.client import request, request_pages
from django_stripe_cart.gateway.sessions import to_datetime

TIMESTAMP_TOLERANCE = 300  # seconds, into the past and into the future

# Reasons for which a webhook is refused.
OTHER_TIME = "it was signed over 5 minutes ago or in the future: compare this machine's clock."
OTHER_SECRET = "it is signed with another secret than STRIPE_CART_WEBHOOK_SECRET."  # noqa: S105


@dataclass(frozen=True, slots=True)
class Event:
    """Event at Stripe. ``data`` is the changed object as it was when the event was created."""

    id: str
    type: str
    livemode: bool
    account: str
    data: Mapping[str, Any]
    api_version: str = ""

    @property
    def object_id(self) -> str:
        return str(self.data.get("id") or "")

    @property
    def metadata(self) -> Mapping[str, str]:
        metadata = self.data.get("metadata")
        return metadata if isinstance(metadata, Mapping) else {}


def read_event(body: bytes, signature: str) -> Event:
    """Verify the signature of a webhook request, and return the event in the request's body.

    ``signature`` is the ``Stripe-Signature`` header. Raises ``InvalidWebhook`` if the body is not
    signed with a secret of ``STRIPE_CART_WEBHOOK_SECRET``, or if the body can't be read.
    """
    # For a malformed request, the SDK raises TypeError, UnicodeDecodeError and other exceptions.
    try:
        _verify(body.decode("utf-8"), signature)
        return _parse_event(json.loads(body))
    except Exception as error:
        # From None: the frames have variables with secrets, and error pages show variables.
        reason = _describe_refusal(error, signature)
        raise InvalidWebhook(f"Not a webhook from Stripe: {reason}") from None


def sign(body: bytes, secret: str) -> str:
    """Return the ``Stripe-Signature`` header that Stripe would send with ``body`` now."""
    timestamp = int(time.time())
    proof = hmac.new(secret.encode(), b"%d.%s" % (timestamp, body), sha256).hexdigest()
    return f"t={timestamp},v1={proof}"


@dataclass(frozen=True, slots=True)
class EventList:
    """Events from Stripe's list, newest first.

    ``began_at`` is the time at which Stripe sent the first page. Stripe's clock is used, because
    this machine's clock may be fast. If Stripe's time is not known, ``began_at`` is the time of the
    newest event, or None if there are no events. The other pages are requested while ``events`` is
    iterated, so the iteration may raise ``PaymentError``.
    """

    began_at: datetime | None
    events: Iterator[Event]


def list_events(types: Iterable[str], *, since: datetime) -> EventList:
    """Return the events of ``types`` that were created at ``since`` or later.

    At most 20 types are allowed. Stripe lists events of the last 30 days
    (docs.stripe.com/api/events/list). Raises ``PaymentError``.
    """
    wanted = {"types": sorted(types), "created": {"gte": int(since.timestamp())}}
    pages = request_pages(lambda client, params: client.v1.events.list(params), wanted)
    first = next(pages)
    events = (_parse_event(data) for page in chain([first], pages) for data in page.data["data"])
    newest = first.data["data"][0]["created"] if first.data["data"] else None
    began_at = first.sent_at.timestamp() if first.sent_at else newest
    return EventList(None if began_at is None else to_datetime(began_at), events)


def retrieve_event(event_id: str) -> Event:
    """Return the event with this id from Stripe. Raises ``PaymentError``.

    Raises the subclass ``PaymentMissing`` if the event belongs to another account, or if it is
    older than 30 days (docs.stripe.com/api/events/retrieve).
    """
    return _parse_event(request(lambda client: client.v1.events.retrieve(event_id)))


def retrieve_default_version() -> str:
    """Return the account's default API version, or "" if it is not known. Raises ``PaymentError``.

    The account's newest event has the default version (docs.stripe.com/api/events/object). So the
    default version is not known if there were no events in the last 30 days.
    """
    newest = request(lambda client: client.v1.events.list({"limit": 1}))["data"]
    return str(newest[0].get("api_version") or "") if newest else ""


def _verify(body: str, signature: str) -> None:
    """Raise an exception if ``body`` is not signed with one of the webhook secrets."""
    import stripe

    _check_timestamp_not_in_future(signature)
    error: Exception = InvalidWebhook("STRIPE_CART_WEBHOOK_SECRET is not set.")
    verify = stripe.WebhookSignature.verify_header
    for secret in conf.webhook_secrets:
        try:
            verify(body, signature, secret, tolerance=TIMESTAMP_TOLERANCE)
            return
        except Exception as secret_error:
            error = secret_error
    raise error


def _check_timestamp_not_in_future(signature: str) -> None:
    """Raise ``InvalidWebhook`` if the signature's timestamp is missing or in the future.

    The SDK only checks that the timestamp is not too old.
    """
    if _seconds_ago(signature) < -TIMESTAMP_TOLERANCE:
        raise InvalidWebhook(OTHER_TIME)


def _seconds_ago(signature: str) -> float:
    """Return how many seconds ago a body was signed, by this machine's clock.

    The number is negative if the timestamp is in the future. Raises ``InvalidWebhook`` if the
    signature does not have exactly one timestamp.
    """
    stamps = re.findall(r"(?:^|,)\s*t=(\d{1,12})(?=,|$)", signature, re.ASCII)
    if len(stamps) != 1:
        raise InvalidWebhook("it has no signature.")
    return time.time() - int(stamps[0])


def _describe_refusal(error: Exception, signature: str) -> str:
    """Return the reason why a request is refused, for the log and for ``stripe_cart_doctor``."""
    import stripe

    if isinstance(error, InvalidWebhook):
        return str(error)
    if not isinstance(error, stripe.SignatureVerificationError):
        return f"its body can't be read ({type(error).__name__})."
    if abs(_seconds_ago(signature)) > TIMESTAMP_TOLERANCE:
        return OTHER_TIME
    return OTHER_SECRET


def _parse_event(event: Any) -> Event:
    """Return the ``Event`` of Stripe's event object."""
    return Event(
        id=_checked_text(event["id"], 255),
        type=_checked_text(event["type"], 100),
        livemode=event["livemode"] is True,
        account=str(event.get("account") or ""),
        data=dict(event["data"]["object"]),
        api_version=str(event.get("api_version") or ""),
    )


def _checked_text(value: Any, max_length: int) -> str:
    """Return ``value`` if it is a text that can be stored. Raises ``InvalidWebhook`` otherwise."""
    if not isinstance(value, str) or not 0 < len(value) <= max_length or "\x00" in value:
        raise InvalidWebhook("the event's id or type is not readable.")
    return value
