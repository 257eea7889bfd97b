"""Rows of orders that were paid, and of their refunds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django_stripe_cart.models import Dispute, Order, Refund

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def sell(
    amount: int, at: datetime = NOON, *, currency: str = "inr", status: str = "paid", **fields: Any
) -> Order:
    return Order.objects.create(
        total=amount, amount_paid=amount, currency=currency, status=status, paid_at=at, **fields
    )


def give_back(order: Order, amount: int, at: datetime = NOON, **fields: Any) -> None:
    fields = {"status": "succeeded", "stripe_id": f"re_{Refund.objects.count()}"} | fields
    refund = order.refunds.create(amount=amount, **fields)
    Refund.objects.filter(pk=refund.pk).update(created=at)


def lose(order: Order, amount: int, at: datetime = NOON, status: str = "lost") -> None:
    order.disputes.create(
        stripe_id=f"du_{Dispute.objects.count()}",
        status=status,
        amount=amount,
        opened=at,
        closed=at,
    )
