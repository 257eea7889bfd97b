"""Export of orders as CSV, which is streamed in batches."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from django_stripe_cart.admin.base import OrderAdminBase
from django_stripe_cart.admin.sales.report import local_day
from django_stripe_cart.models import Dispute, Order, OrderIssue, OrderItem
from django_stripe_cart.models.order_queryset import OrderQuerySet
from django_stripe_cart.money import to_decimal
from django_stripe_cart.web.responses import SeeOther

BATCH_SIZE = 500
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel assumes the system's encoding

# Spreadsheets run such cells as formulas (owasp.org/www-community/attacks/CSV_Injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CONTROL_STARTS = ("\t", "\r", "\n")

COLUMNS = (
    "number", "reference", "placed_at", "paid_at", "status", "issues", "disputes", "email",
    "user", "currency", "total", "amount_paid", "amount_refunded", "items", "session_id",
    "payment_intent_id", "livemode",
)  # fmt: skip


@admin.action(permissions=["view"], description=_("Export selected orders as CSV"))
def export_selected(
    model_admin: OrderAdminBase, request: HttpRequest, queryset: QuerySet[Order]
) -> StreamingHttpResponse:
    """Export the orders that are selected in the list."""
    return _stream(request, queryset)


def export_view(model_admin: OrderAdminBase) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view that exports the list of orders, with its search and filters applied."""

    @require_safe
    def view(request: HttpRequest) -> Any:
        if not model_admin.has_view_permission(request):
            raise PermissionDenied
        try:
            orders = model_admin.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # as in the list, which shows an error
            return SeeOther(f"{model_admin.page_url('changelist')}?{ERROR_FLAG}=1")
        return _stream(request, orders)

    return view


def _stream(request: HttpRequest, orders: QuerySet[Order]) -> StreamingHttpResponse:
    """Return the response that streams the orders as CSV, under WSGI or ASGI."""
    batches = _write_batches(orders)
    content = _iterate_async(batches) if isinstance(request, ASGIRequest) else batches
    name = f"orders-{local_day(timezone.now()):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


class Echo:
    """A file-like object for ``csv.writer`` that returns each line instead of storing it."""

    def write(self, text: str) -> str:
        """Return ``text`` unchanged."""
        return text


def _write_batches(orders: QuerySet[Order]) -> Iterator[str]:
    """Yield the text of the CSV file in parts: first the header, then the lines of each batch."""
    writer = csv.writer(Echo())
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    queryset = cast("OrderQuerySet[Order]", orders.select_related("user").prefetch_related(None))
    # Descending, so that orders added during the export are not read.
    for batch in queryset.in_batches(BATCH_SIZE, reverse=True):
        cells = _related_cells(batch)
        rows = (map(escape_formula, _make_row(order, cells)) for order in batch)
        yield "".join(map(writer.writerow, rows))


def _related_cells(batch: list[Order]) -> dict[tuple[str, int], list[str]]:
    """Return the items, open issues and disputes of a batch of orders as texts.

    Each key is a pair: the name of the column, and the primary key of the order.
    """
    # Not prefetched: the reference cycles of orders and items would keep batches in memory.
    cells: dict[tuple[str, int], list[str]] = defaultdict(list)
    items = OrderItem.objects.filter(order__in=batch).order_by("pk")
    for order, quantity, name in items.values_list("order", "quantity", "name"):
        cells["items", order].append(f"{quantity} x {name}")
    issues = OrderIssue.objects.open().filter(order__in=batch).order_by("pk")
    for order, reason in issues.values_list("order", "reason"):
        cells["issues", order].append(reason)
    disputes = Dispute.objects.filter(order__in=batch).order_by("opened", "pk")
    rows = disputes.values_list("order", "stripe_id", "status", "amount", "order__currency")
    for order, stripe_id, status, amount, currency in rows:
        cells["disputes", order].append(f"{stripe_id} {status} {to_decimal(amount, currency)}")
    return cells


def _make_row(order: Order, cells: dict[tuple[str, int], list[str]]) -> list[Any]:
    """Return the values of an order for ``COLUMNS``."""
    currency = order.currency
    return [
        order.number,
        order.reference,
        _format_time(order.placed_at),
        _format_time(order.paid_at),
        order.status,
        " ".join(cells["issues", order.pk]),
        "; ".join(cells["disputes", order.pk]),
        order.email,
        order.user or "",
        currency.upper(),
        to_decimal(order.total, currency),
        to_decimal(order.amount_paid, currency),
        to_decimal(order.amount_refunded, currency),
        "; ".join(cells["items", order.pk]),
        order.session_id or "",
        order.payment_intent_id or "",
        order.livemode,
    ]


def _format_time(at: Any) -> str:
    """Return a time in the current time zone as text, or an empty string for None."""
    if at is None:
        return ""
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return str(local.isoformat(sep=" ", timespec="seconds"))


def escape_formula(value: Any) -> str:
    """Return ``value`` as text, after an apostrophe if a spreadsheet would run it as a formula."""
    text = str(value)
    if text.startswith(CONTROL_STARTS) or text.lstrip().startswith(FORMULA_STARTS):
        return f"'{text}"
    return text


async def _iterate_async(batches: Iterator[str]) -> AsyncIterator[str]:
    """Yield the batches for a response under ASGI. Each batch is read in a thread."""
    read = sync_to_async(lambda: next(batches, ""))
    while batch := await read():
        yield batch
