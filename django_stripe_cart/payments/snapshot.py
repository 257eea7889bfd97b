"""One look at Stripe: what was seen, and what was not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django_stripe_cart.gateway import Dispute, Session, StripeRefund
from django_stripe_cart.models import Order


class Overtaken(Exception):
    """Somebody recorded something else while we looked: what we saw may be older. Look again."""


@dataclass(frozen=True, slots=True)
class Known:
    """What we knew before we looked, of the facts that can change more than once."""

    refunds: Mapping[str, str] = field(default_factory=dict)  # status by Stripe's id
    dispute: str = ""

    @classmethod
    def of(cls, order: Order) -> Known:
        rows = order.refunds.exclude(stripe_id=None).values_list("stripe_id", "status")
        return cls({str(stripe_id): status for stripe_id, status in rows}, order.dispute_status)


@dataclass(frozen=True, slots=True)
class Look:
    """A session, and its refunds and disputes if they were listed too (None: not looked at)."""

    session: Session
    refunds: list[StripeRefund] | None = None
    disputes: list[Dispute] | None = None
    known: Known = field(default_factory=Known)
