"""Checkout Sessions at Stripe: https://docs.stripe.com/api/checkout/sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from django_stripe_cart.gateway.client import request


@dataclass(frozen=True, slots=True)
class Session:
    """Checkout Session at Stripe. Amounts are ints in the smallest currency unit."""

    id: str
    status: str
    payment_status: str
    currency: str
    amount_subtotal: int
    amount_total: int
    livemode: bool
    url: str = ""
    client_reference_id: str = ""
    payment_intent_id: str = ""
    payment_intent_status: str = ""  # empty if the payment intent was not expanded
    receipt_url: str = ""
    amount_shipping: int = 0
    amount_refunded: int = 0
    is_disputed: bool = False
    review_id: str = ""
    email: str = ""
    expires_at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.status == "open"

    @property
    def is_expired(self) -> bool:
        return self.status == "expired"

    @property
    def is_complete(self) -> bool:
        return self.status == "complete"

    @property
    def is_paid(self) -> bool:
        """Return whether the session is paid, or complete without anything to pay.

        Source: docs.stripe.com/checkout/fulfillment.
        """
        return self.is_complete and self.payment_status in ("paid", "no_payment_required")

    @property
    def has_failed(self) -> bool:
        """Return whether the session is complete and its delayed payment has failed."""
        unpaid = self.is_complete and self.payment_status == "unpaid"
        return unpaid and self.payment_intent_status in ("requires_payment_method", "canceled")


def create_session(params: dict[str, Any], *, idempotency_key: str) -> Session:
    """Create a Checkout Session at Stripe, and return it.

    ``params`` are the parameters of docs.stripe.com/api/checkout/sessions/create. A second call
    with the same key and parameters returns the same session. Raises ``PaymentError``.
    """
    key = {"idempotency_key": idempotency_key}
    return read_session(request(lambda client: client.v1.checkout.sessions.create(params, key)))  # type: ignore[arg-type]


def retrieve_session(session_id: str) -> Session:
    """Return the session with this id, including data of its payment intent and charge.

    Raises ``PaymentError``.
    """
    params = {"expand": ["payment_intent.latest_charge"]}
    return read_session(
        request(lambda client: client.v1.checkout.sessions.retrieve(session_id, params))  # type: ignore[arg-type]
    )


def expire_session(session_id: str) -> Session:
    """Expire an open session, and return the session. It can't be paid any more.

    Raises ``PaymentRefused`` if the session is not open. Raises another ``PaymentError`` if the
    request fails.
    """
    return read_session(request(lambda client: client.v1.checkout.sessions.expire(session_id)))


def retrieve_payment_metadata(payment_intent_id: str) -> dict[str, str]:
    """Return the metadata of a payment intent. Raises ``PaymentError``."""
    data = request(lambda client: client.v1.payment_intents.retrieve(payment_intent_id))
    return dict(data.get("metadata") or {})


def read_session(data: Mapping[str, Any]) -> Session:
    """Return the ``Session`` of Stripe's session object."""
    intent = data.get("payment_intent")
    intent = intent if isinstance(intent, Mapping) else {"id": intent or ""}
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, Mapping) else {}
    customer = data.get("customer_details") or {}
    expires_at = data.get("expires_at")
    return Session(
        id=data["id"],
        status=data.get("status") or "",
        payment_status=data.get("payment_status") or "",
        currency=data.get("currency") or "",
        amount_subtotal=data.get("amount_subtotal") or 0,
        amount_total=data.get("amount_total") or 0,
        livemode=bool(data.get("livemode")),
        url=data.get("url") or "",
        client_reference_id=data.get("client_reference_id") or "",
        payment_intent_id=intent["id"],
        payment_intent_status=intent.get("status") or "",
        receipt_url=charge.get("receipt_url") or "",
        amount_shipping=(data.get("total_details") or {}).get("amount_shipping") or 0,
        amount_refunded=charge.get("amount_refunded") or 0,
        is_disputed=bool(charge.get("disputed")),
        review_id=charge.get("review") or "",
        email=customer.get("email") or data.get("customer_email") or "",
        expires_at=to_datetime(expires_at) if expires_at else None,
        metadata=dict(data.get("metadata") or {}),
    )


def to_datetime(timestamp: float) -> datetime:
    """Return a Unix timestamp as a datetime, which is aware if ``USE_TZ`` is set."""
    value = datetime.fromtimestamp(timestamp, UTC)
    return value if settings.USE_TZ else timezone.make_naive(value)
