"""Give the items of a refund back to the stock, each piece once."""

from __future__ import annotations

from django.db.models import F, Sum
from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.models import Order, OrderIssue, OrderItem, Refund, RefundItem
from django_stripe_cart.payments.issues import open_issue
from django_stripe_cart.payments.order_change import OrderChange


def restock(change: OrderChange, refund: Refund) -> None:
    """Give the items of ``refund`` back to the stock if ``refund.restock`` is set.

    Opens an issue if the product's model or database refuses to save the stock.
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


def count_as_restocked(order: Order) -> None:
    """Save that staff have given refunded items back to the stock by hand.

    The product's model or database had refused to save the stock. If the refund fails later and the
    items are refunded again, they are not given back a second time.
    """
    rows = RefundItem.objects.filter(
        refund__order=order,
        refund__restock=True,
        refund__status=Refund.Status.SUCCEEDED,
        restocked_at=None,
    )
    for row in rows.select_related("order_item"):
        item = row.order_item
        count = min(_quantity_to_return(row), item.stock_taken)
        if count > 0:
            row.restocked, row.restocked_at = count, timezone.now()
            row.save()
            OrderItem.objects.filter(pk=item.pk).update(stock_taken=F("stock_taken") - count)


def _quantity_to_return(row: RefundItem) -> int:
    """Return how many pieces of a refunded item to give back to the stock now.

    Pieces are not given back again if an earlier refund gave them back and has failed since.
    """
    chosen = _sum_over_refunds(row.order_item, "quantity", refund__restock=True, is_active=True)
    returned = _sum_over_refunds(row.order_item, "restocked")
    return max(0, min(row.quantity, chosen - returned))


def _sum_over_refunds(
    item: OrderItem, column: str, *, is_active: bool = False, **conditions: bool
) -> int:
    """Return the sum of ``column`` over the refund rows of ``item`` that meet ``conditions``.

    If ``is_active`` is True, failed refunds are left out.
    """
    rows = RefundItem.objects.filter(order_item=item, **conditions)
    rows = rows.active() if is_active else rows
    return int(rows.aggregate(total=Sum(column))["total"] or 0)
