"""Orders as CSV: streamed in portions, so that the whole list is never in memory."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

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
from django_stripe_cart.models import Order, OrderItem
from django_stripe_cart.money import to_decimal
from django_stripe_cart.responses import SeeOther

PORTION = 500
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel reads the file in the machine's own encoding

# A cell that begins so is run as a formula (owasp.org/www-community/attacks/CSV_Injection).
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CONTROL = ("\t", "\r", "\n")

COLUMNS = (
    "number", "reference", "placed_at", "paid_at", "status", "attention", "email", "user",
    "currency", "total", "amount_paid", "amount_refunded", "items", "session_id",
    "payment_intent_id", "livemode",
)  # fmt: skip


@admin.action(permissions=["view"], description=_("Export selected orders as CSV"))
def export_selected(
    model_admin: OrderAdminBase, request: HttpRequest, queryset: QuerySet[Order]
) -> StreamingHttpResponse:
    return _stream(request, queryset)


def export_view(model_admin: OrderAdminBase) -> Callable[[HttpRequest], HttpResponse]:
    """All that the list would show, with the same search and filters in the address."""

    @require_safe
    def view(request: HttpRequest) -> Any:
        if not model_admin.has_view_permission(request):
            raise PermissionDenied
        try:
            chosen = model_admin.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # an old or strange address: the list says so
            return SeeOther(f"{model_admin.address('changelist')}?{ERROR_FLAG}=1")
        return _stream(request, chosen)

    return view


def _stream(request: HttpRequest, orders: QuerySet[Order]) -> StreamingHttpResponse:
    portions = _write(orders)
    content = _without_blocking(portions) if isinstance(request, ASGIRequest) else portions
    day = f"{timezone.now():%Y-%m-%d}"
    return StreamingHttpResponse(
        content,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="orders-{day}.csv"'},
    )


class Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _write(orders: QuerySet[Order]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for portion in _portions(orders):
        items = _items_of(portion)
        yield "".join(writer.writerow(map(safe, _row(order, items[order.pk]))) for order in portion)


def _portions(orders: QuerySet[Order]) -> Iterator[list[Order]]:
    """Newest first; each begins where the last one ended, whatever was added meanwhile."""
    rows = orders.order_by("-pk").select_related("user")
    portion = list(rows[:PORTION])
    while portion:
        yield portion
        portion = list(rows.filter(pk__lt=portion[-1].pk)[:PORTION])


def _items_of(portion: list[Order]) -> dict[int, list[str]]:
    """What was sold, by order. Prefetched, orders and items would hold on to each other."""
    sold: dict[int, list[str]] = defaultdict(list)
    items = OrderItem.objects.filter(order__in=portion).order_by("pk")
    for order, quantity, name in items.values_list("order", "quantity", "name"):
        sold[order].append(f"{quantity} x {name}")
    return sold


def _row(order: Order, items: list[str]) -> list[Any]:
    currency = order.currency
    return [
        order.number,
        order.reference,
        _moment(order.placed_at),
        _moment(order.paid_at),
        order.status,
        order.attention,
        order.email,
        order.user or "",
        currency.upper(),
        to_decimal(order.total, currency),
        to_decimal(order.amount_paid, currency),
        to_decimal(order.amount_refunded, currency),
        "; ".join(items),
        order.session_id or "",
        order.payment_intent_id or "",
        order.livemode,
    ]


def _moment(at: Any) -> str:
    if at is None:
        return ""
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return str(local.isoformat(sep=" ", timespec="seconds"))


def safe(value: Any) -> str:
    """Return ``value`` as a cell that no spreadsheet takes for a formula."""
    text = str(value)
    if text.startswith(CONTROL) or text.lstrip().startswith(FORMULA):
        return f"'{text}"
    return text


async def _without_blocking(portions: Iterator[str]) -> AsyncIterator[str]:
    read = sync_to_async(lambda: next(portions, ""))
    while portion := await read():
        yield portion
