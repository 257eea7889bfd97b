"""Give the items of a refund back to the stock, each once."""

from __future__ import annotations

from django.db.models import Sum
from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.models import OrderIssue, OrderItem, Refund, RefundItem
from django_stripe_cart.payments.issues import open_issue
from django_stripe_cart.payments.order_change import OrderChange


def restock(change: OrderChange, refund: Refund) -> None:
    """Give back the stock of the items of ``refund``, if that was chosen.

    Opens an issue if the product's model or database refuses it.
    """
    if not refund.restock:
        return
    rows = {row.order_item: row for row in refund.items.select_related("order_item")}
    quantities = {item: _quantity_to_return(row) for item, row in rows.items()}
    quantities = {item: min(count, item.stock_taken) for item, count in quantities.items()}
    refused = stock.return_items(quantities)
    for item, count in quantities.items():
        if count > 0 and item not in refused:
            rows[item].restocked, rows[item].restocked_at = count, timezone.now()
            rows[item].save()
    if refused:
        open_issue(change, OrderIssue.Reason.STOCK_NOT_RETURNED)


def _quantity_to_return(row: RefundItem) -> int:
    """Return how many of the item to give back now.

    Items of an earlier refund that failed may have come back already.
    """
    chosen = _sum(row.order_item, "quantity", refund__restock=True, is_active=True)
    returned = _sum(row.order_item, "restocked")
    return max(0, min(row.quantity, chosen - returned))


def _sum(item: OrderItem, column: str, *, is_active: bool = False, **conditions: bool) -> int:
    rows = RefundItem.objects.filter(order_item=item, **conditions)
    rows = rows.active() if is_active else rows
    return int(rows.aggregate(total=Sum(column))["total"] or 0)
