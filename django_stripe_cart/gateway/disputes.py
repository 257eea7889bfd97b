"""Disputes: https://docs.stripe.com/api/disputes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django_stripe_cart.gateway.client import request, request_all
from django_stripe_cart.gateway.sessions import to_datetime


@dataclass(frozen=True, slots=True)
class StripeDispute:
    """A dispute at Stripe. ``amount`` is an int in the smallest currency unit.

    ``status`` and ``reason`` (str) may have any value, because Stripe may add values.
    """

    id: str
    status: str
    reason: str
    amount: int
    created: datetime
    due_by: datetime | None = None  # the time until which evidence can be submitted


def list_disputes(payment_intent_id: str) -> list[StripeDispute]:
    """Return all disputes of a payment at Stripe, newest first. Raises ``PaymentError``."""
    return [
        _read_dispute(data)
        for data in request_all(
            lambda client, params: client.v1.disputes.list(params),
            {"payment_intent": payment_intent_id},
        )
    ]


def retrieve_dispute(dispute_id: str) -> StripeDispute:
    """Return the dispute with this id from Stripe. Raises ``PaymentError``."""
    return _read_dispute(request(lambda client: client.v1.disputes.retrieve(dispute_id)))


def _read_dispute(data: Mapping[str, Any]) -> StripeDispute:
    """Return the ``StripeDispute`` of Stripe's dispute object."""
    due_by = (data.get("evidence_details") or {}).get("due_by")
    return StripeDispute(
        id=data["id"],
        status=(data.get("status") or "")[:40],
        reason=(data.get("reason") or "")[:60],
        amount=data.get("amount") or 0,
        created=to_datetime(data["created"]),
        due_by=to_datetime(due_by) if due_by else None,
    )
