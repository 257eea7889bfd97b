"""Amounts that were lost in disputes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet, Sum

from django_stripe_cart.models import Dispute, Order, Refund


def read_losses(
    orders: QuerySet[Order], start: datetime, end: datetime
) -> Iterator[tuple[datetime, str, int]]:
    """Yield time, currency and amount of the disputes that were lost from ``start`` to ``end``.

    The amount does not include what was refunded, or what was lost in an earlier dispute.
    """
    recent = Dispute.objects.lost().filter(order__in=orders, closed__gte=start, closed__lt=end)
    if not recent.exists():
        return
    lost = Dispute.objects.lost().filter(order__in=recent.values("order"))
    gone: dict[int, int] = defaultdict(int, _refunded_by_order(lost))
    rows = lost.order_by("closed", "pk").values_list(
        "order", "closed", "order__currency", "order__amount_paid", "amount"
    )
    for order, closed, currency, paid, amount in rows:
        amount = max(0, min(amount, paid - gone[order]))
        gone[order] += amount
        if amount and closed is not None and start <= closed < end:
            yield closed, currency, amount


def _refunded_by_order(disputes: QuerySet[Dispute]) -> dict[int, int]:
    """Return the refunded amount of each order that has one of ``disputes``.

    The keys are the primary keys of the orders. Failed refunds do not count. Refunds that are not
    at Stripe yet do not count either.
    """
    refunds = Refund.objects.active().filter(
        order__in=disputes.order_by().values("order"), stripe_id__isnull=False
    )
    return dict(refunds.order_by().values_list("order").annotate(total=Sum("amount")))
