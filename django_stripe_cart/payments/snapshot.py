"""Snapshot of an order's objects at Stripe, and of what was recorded about them before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django_stripe_cart.gateway import Dispute, Session, StripeRefund
from django_stripe_cart.models import Order


class StaleSnapshot(Exception):
    """Exception raised when another process has recorded newer data than the snapshot has.

    The caller takes a new snapshot.
    """


@dataclass(frozen=True, slots=True)
class StripeSnapshot:
    """Snapshot of a Checkout Session, and of its refunds and disputes if they were requested.

    ``refunds_before`` (dict of refund ids to statuses) and ``dispute_before`` (a status) are the
    values in our rows before the lists were requested. The snapshot is stale if, when it is
    recorded, a row has neither this value nor the listed one: another process has changed it.
    """

    session: Session
    refunds: list[StripeRefund] | None = None  # None: not requested
    disputes: list[Dispute] | None = None  # None: not requested
    refunds_before: Mapping[str, str] = field(default_factory=dict)
    dispute_before: str = ""


def recorded_refunds(order: Order) -> dict[str, str]:
    """Return a dict of Stripe's refund ids to the statuses of the order's refund rows."""
    rows = order.refunds.exclude(stripe_id=None).values_list("stripe_id", "status")
    return {str(stripe_id): status for stripe_id, status in rows}
