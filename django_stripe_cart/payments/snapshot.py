"""A snapshot of an order at Stripe, with the state that was recorded before it was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django_stripe_cart.gateway import Dispute, Session, StripeRefund
from django_stripe_cart.models import Order


class StaleSnapshot(Exception):
    """Another process recorded newer data since the snapshot was taken: take another one."""


@dataclass(frozen=True, slots=True)
class StripeSnapshot:
    """A Checkout Session, with the lists of its refunds and disputes where they were requested.

    ``refunds_before`` (statuses by Stripe's refund id) and ``dispute_before`` (a status) are the
    values in our rows before the lists were requested. If a row has neither that value nor the
    listed one when the snapshot is recorded, another process has changed it, and it is stale.
    """

    session: Session
    refunds: list[StripeRefund] | None = None  # None: not requested
    disputes: list[Dispute] | None = None  # None: not requested
    refunds_before: Mapping[str, str] = field(default_factory=dict)
    dispute_before: str = ""


def recorded_refunds(order: Order) -> dict[str, str]:
    """Return the recorded status of each refund that has an id at Stripe, by that id."""
    rows = order.refunds.exclude(stripe_id=None).values_list("stripe_id", "status")
    return {str(stripe_id): status for stripe_id, status in rows}
