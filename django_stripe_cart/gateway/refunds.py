"""Refunds: https://docs.stripe.com/api/refunds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django_stripe_cart.gateway.client import request, request_all


@dataclass(frozen=True, slots=True)
class StripeRefund:
    """Refund at Stripe. ``amount`` is an int in the smallest currency unit."""

    id: str
    amount: int
    status: str
    payment_intent_id: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def create_refund(
    payment_intent_id: str, *, amount: int, metadata: dict[str, str], idempotency_key: str
) -> StripeRefund:
    """Create a refund at Stripe.

    ``amount`` is an int in the smallest currency unit. Raises ``PaymentError``.
    """
    params = {"payment_intent": payment_intent_id, "amount": amount, "metadata": metadata}
    key = {"idempotency_key": idempotency_key}
    return _read_refund(request(lambda client: client.v1.refunds.create(params, key)))  # type: ignore[arg-type]


def list_refunds(payment_intent_id: str) -> list[StripeRefund]:
    """Return all refunds of a payment, newest first. Raises ``PaymentError``.

    Refunds that were made in Stripe's Dashboard are included.
    """
    params = {"payment_intent": payment_intent_id}
    listed = request_all(lambda client, params: client.v1.refunds.list(params), params)
    return [_read_refund(data) for data in listed]


def retrieve_refund(refund_id: str) -> StripeRefund:
    """Return the refund with this id from Stripe. Raises ``PaymentError``."""
    return _read_refund(request(lambda client: client.v1.refunds.retrieve(refund_id)))


def _read_refund(data: Mapping[str, Any]) -> StripeRefund:
    """Return the ``StripeRefund`` of Stripe's refund object."""
    return StripeRefund(
        id=data["id"],
        amount=data["amount"],
        status=(data.get("status") or "pending")[:20],
        payment_intent_id=data.get("payment_intent") or "",
        metadata=dict(data.get("metadata") or {}),
    )
