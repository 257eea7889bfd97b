"""Sales figures by currency and day.

The days are computed in Python, because MariaDB converts time zones only if its time zone tables
are loaded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import cast

from django.conf import settings
from django.db.models import Case, F, Max, Q, QuerySet, Sum, When
from django.utils import timezone

from django_stripe_cart.admin.sales.losses import read_losses
from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, OrderItem, Refund

MAX_SELLERS = 10


@dataclass(frozen=True)
class Period:
    """A range of days in the current time zone; ``first`` and ``last`` are included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Return all days of the period."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Return the start of the first day, and the start of the day after the last day."""
        return _start_of_day(self.first), _start_of_day(self.last + timedelta(days=1))


@dataclass
class Day:
    """The figures of one day in one currency. Amounts are ints in the smallest currency unit."""

    day: date
    orders: int = 0
    revenue: int = 0
    refunds: int = 0
    lost: int = 0  # in disputes, and not refunded before

    @property
    def gone(self) -> int:
        """Return the amount that was refunded or lost in disputes."""
        return self.refunds + self.lost


@dataclass(frozen=True)
class Seller:
    """One of the best-selling products. ``revenue`` is an int in the smallest currency unit."""

    name: str
    quantity: int
    revenue: int


@dataclass
class Sales:
    """The figures of one currency. Amounts are ints in the smallest currency unit."""

    currency: str
    days: list[Day]
    sellers: list[Seller] = field(default_factory=list)

    @property
    def orders(self) -> int:
        """Return the number of orders."""
        return sum(day.orders for day in self.days)

    @property
    def revenue(self) -> int:
        """Return the amount that was paid."""
        return sum(day.revenue for day in self.days)

    @property
    def refunds(self) -> int:
        """Return the amount that was refunded."""
        return sum(day.refunds for day in self.days)

    @property
    def lost(self) -> int:
        """Return the amount that was lost in disputes, without what was refunded before."""
        return sum(day.lost for day in self.days)

    @property
    def net(self) -> int:
        """Return the revenue minus the refunds and minus the losses in disputes."""
        return self.revenue - self.refunds - self.lost

    @property
    def average(self) -> int:
        """Return the average revenue of an order."""
        return round(self.revenue / self.orders) if self.orders else 0

    @property
    def busy_days(self) -> list[Day]:
        """Return the days on which there were orders, refunds or losses."""
        return [day for day in self.days if day.orders or day.gone]


def read_sales(orders: QuerySet[Order], period: Period) -> list[Sales]:
    """Return the sales of ``orders`` in ``period``, separately for each currency.

    The currency with the most orders comes first. An order counts on the day when it was paid, a
    refund on the day when it was requested, and a dispute on the day when it was lost. With a live
    key, only live payments count. With a test key, only test payments count.
    """
    start, end = period.bounds
    ours = orders.filter(Q(livemode=conf.livemode) | Q(total=0, amount_paid=0))
    ours = ours.order_by().prefetch_related(None)
    paid = ours.filter(paid_at__gte=start, paid_at__lt=end)
    calendars: dict[str, dict[date, Day]] = defaultdict(
        lambda: {day: Day(day) for day in period.days}
    )
    for at, currency, amount in paid.values_list("paid_at", "currency", "amount_paid").iterator():
        day = calendars[currency][local_day(cast(datetime, at))]  # not null: it is filtered by date
        day.orders += 1
        day.revenue += amount
    for at, currency, amount in _read_refunds(ours, start, end):
        calendars[currency][local_day(at)].refunds += amount
    for at, currency, amount in read_losses(ours, start, end):
        calendars[currency][local_day(at)].lost += amount
    sellers = _best_sellers(paid)
    sales = [
        Sales(currency, [*calendar.values()], sellers[currency][:MAX_SELLERS])
        for currency, calendar in calendars.items()
    ]
    return sorted(sales, key=lambda one: (-one.orders, one.currency))


def _read_refunds(
    orders: QuerySet[Order], start: datetime, end: datetime
) -> Iterator[tuple[datetime, str, int]]:
    """Yield time, currency and amount of the refunds that were requested from ``start`` to ``end``.

    Refunds that are not at Stripe yet do not count.
    """
    refunds = Refund.objects.active().filter(
        order__in=orders, stripe_id__isnull=False, created__gte=start, created__lt=end
    )
    return refunds.values_list("created", "order__currency", "amount").iterator()


def local_day(at: datetime) -> date:
    """Return the day of the time ``at`` in the current time zone."""
    return (timezone.localtime(at) if timezone.is_aware(at) else at).date()


def _start_of_day(day: date) -> datetime:
    """Return the time at which ``day`` begins in the current time zone."""
    midnight = datetime.combine(day, time.min)
    return timezone.make_aware(midnight) if settings.USE_TZ else midnight


def _best_sellers(paid: QuerySet[Order]) -> dict[str, list[Seller]]:
    """Return the best-selling products for each currency. The product that sold most comes first.

    Items are grouped by SKU. Items without a SKU are grouped by name.
    """
    rows = (
        OrderItem.objects.filter(order__in=paid)
        .values("order__currency", identity=Case(When(sku="", then=F("name")), default=F("sku")))
        .annotate(
            newest_name=Max("name"),
            pieces=Sum("quantity"),
            revenue=Sum(F("unit_amount") * F("quantity")),
        )
        .order_by("-pieces", "-revenue", "identity")
    )
    found: dict[str, list[Seller]] = defaultdict(list)
    for row in rows:
        seller = Seller(row["newest_name"], row["pieces"], int(row["revenue"]))
        found[row["order__currency"]].append(seller)
    return found
