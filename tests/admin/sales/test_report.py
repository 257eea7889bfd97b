"""The figures: each currency by itself, day by day in the time zone of the shop."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from django_stripe_cart.admin.sales.report import Period, Sales, read_sales
from django_stripe_cart.models import Order
from django_stripe_cart.testing.factories import OrderFactory
from tests.admin.sales.rows import give_back, lose, sell

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


def sales_of(period: Period = MARCH) -> list[Sales]:
    return read_sales(Order.objects.all(), period)


def busy(sales: Sales) -> dict[str, tuple[int, int, int]]:
    return {f"{day.day:%m-%d}": (day.orders, day.revenue, day.refunds) for day in sales.busy_days}


def test_what_came_in_and_what_went_back() -> None:
    give_back(sell(10000), 2500)
    sell(5001)

    (sales,) = sales_of()

    assert (sales.currency, sales.orders, sales.revenue) == ("inr", 2, 15001)
    assert (sales.refunds, sales.net, sales.average) == (2500, 12501, 7500)
    assert busy(sales) == {"03-10": (2, 15001, 2500)}
    assert len(sales.days) == 31


def test_each_currency_is_counted_by_itself() -> None:
    sell(100, currency="usd")
    sell(100)
    sell(100)
    give_back(sell(700, currency="jpy"), 700)

    assert [(one.currency, one.orders, one.revenue, one.refunds) for one in sales_of()] == [
        ("inr", 2, 200, 0),
        ("jpy", 1, 700, 700),
        ("usd", 1, 100, 0),
    ]


def test_only_money_that_came_and_went_counts() -> None:
    OrderFactory()  # never paid
    held = sell(100, status="processing")
    Order.objects.filter(pk=held.pk).update(paid_at=None)
    order = sell(10000)
    give_back(order, 100, status="failed")
    give_back(order, 200, status="canceled")
    give_back(order, 300, status="unknown", stripe_id=None)
    give_back(order, 400, status="pending")

    (sales,) = sales_of()

    assert (sales.orders, sales.revenue, sales.refunds) == (1, 10000, 400)


def test_a_refund_counts_on_its_own_day_even_where_nothing_was_sold() -> None:
    give_back(sell(900, datetime(2026, 2, 10, tzinfo=UTC)), 900)

    (sales,) = sales_of()

    assert (sales.orders, sales.average) == (0, 0)
    assert busy(sales) == {"03-10": (0, 0, 900)}


def test_what_was_bought_in_test_mode_is_no_revenue(settings: Any) -> None:
    sell(100)
    sell(200, livemode=True)
    sell(0)  # no session, and so no mode

    settings.STRIPE_CART_SECRET_KEY = "sk_live_1"
    (sales,) = sales_of()
    assert (sales.orders, sales.revenue) == (2, 200)

    settings.STRIPE_CART_SECRET_KEY = "sk_test_1"
    (sales,) = sales_of()
    assert (sales.orders, sales.revenue) == (2, 100)


def test_money_lost_in_disputes_is_gone() -> None:
    lose(sell(10000), 4000)
    lose(sell(500), 500, status="won")
    lose(sell(700), 700, status="needs_response")

    (sales,) = sales_of()

    assert (sales.revenue, sales.refunds, sales.lost, sales.net) == (11200, 0, 4000, 7200)


def test_what_was_refunded_or_lost_before_is_not_lost_twice() -> None:
    order = sell(10000)
    give_back(order, 3000)
    lose(order, 5000, datetime(2026, 2, 10, tzinfo=UTC))
    lose(order, 10000)

    (sales,) = sales_of()

    assert (sales.refunds, sales.lost, sales.net) == (3000, 2000, 5000)


def test_a_dispute_counts_on_the_day_when_it_was_lost() -> None:
    lose(sell(900, datetime(2026, 2, 10, tzinfo=UTC)), 900)

    (sales,) = sales_of()

    assert [(f"{day.day:%m-%d}", day.lost) for day in sales.busy_days] == [("03-10", 900)]
    assert sales_of(Period(date(2026, 2, 1), date(2026, 2, 28)))[0].lost == 0


def test_best_sellers_are_known_by_their_sku_or_else_their_name() -> None:
    first, second = sell(1000), sell(2000)
    first.items.create(name="Mug", sku="mug", unit_amount=100, quantity=2)
    second.items.create(name="New mug", sku="mug", unit_amount=150, quantity=1)
    first.items.create(name="Voucher", unit_amount=500, quantity=4)
    second.items.create(name="Voucher", unit_amount=500, quantity=1)
    sell(1, currency="usd").items.create(name="Pin", sku="mug", unit_amount=1, quantity=1)

    inr, usd = sales_of()

    assert [(one.name, one.quantity, one.revenue) for one in inr.sellers] == [
        ("Voucher", 5, 2500),
        ("New mug", 3, 350),
    ]
    assert [(one.name, one.quantity) for one in usd.sellers] == [("Pin", 1)]


def test_ten_best_sellers_are_enough() -> None:
    order = sell(1)
    for number in range(12):
        order.items.create(name=f"Thing {number}", unit_amount=1, quantity=number + 1)

    (sales,) = sales_of()

    assert [one.quantity for one in sales.sellers] == list(range(12, 2, -1))


# --- days -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("UTC", datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC), "03-10"),
        ("Asia/Kolkata", datetime(2026, 3, 10, 18, 29, tzinfo=UTC), "03-10"),
        ("Asia/Kolkata", datetime(2026, 3, 10, 18, 30, tzinfo=UTC), "03-11"),
        ("America/Los_Angeles", datetime(2026, 3, 10, 6, 59, tzinfo=UTC), "03-09"),
        # The day on which its clocks change has 23 hours.
        ("Europe/Berlin", datetime(2026, 3, 28, 22, 59, tzinfo=UTC), "03-28"),
        ("Europe/Berlin", datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "03-29"),
        ("Europe/Berlin", datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "03-29"),
        ("Europe/Berlin", datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "03-30"),
    ],
)
def test_a_day_is_a_day_of_the_current_time_zone(zone: str, at: datetime, day: str) -> None:
    give_back(sell(100, at), 50, at)

    with timezone.override(ZoneInfo(zone)):
        (sales,) = sales_of()

    assert busy(sales) == {day: (1, 100, 50)}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Los_Angeles"])
def test_the_first_and_the_last_day_are_whole(zone: str) -> None:
    here = ZoneInfo(zone)
    for moment in (
        datetime(2026, 2, 28, 23, 59, 59, tzinfo=here),
        datetime(2026, 3, 1, 0, 0, tzinfo=here),
        datetime(2026, 3, 31, 23, 59, 59, tzinfo=here),
        datetime(2026, 4, 1, 0, 0, tzinfo=here),
    ):
        sell(100, moment)

    with timezone.override(here):
        (sales,) = sales_of()

    assert busy(sales) == {"03-01": (1, 100, 0), "03-31": (1, 100, 0)}


def test_without_time_zones_a_day_is_what_the_clock_says(settings: Any) -> None:
    settings.USE_TZ = False
    give_back(sell(100, datetime(2026, 3, 10, 23, 59)), 50, datetime(2026, 3, 11))

    (sales,) = sales_of()

    assert busy(sales) == {"03-10": (1, 100, 0), "03-11": (0, 0, 50)}


def test_every_order_costs_the_same_few_queries(django_assert_num_queries: Any) -> None:
    for number in range(20):
        sell(100, currency="inr" if number % 2 else "usd")

    with django_assert_num_queries(4):
        sales_of()
