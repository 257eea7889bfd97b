"""The figures: each currency by itself, day by day in the time zone of the shop."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone, translation

from django_stripe_cart.admin.sales.chart import draw_chart
from django_stripe_cart.admin.sales.report import Day, Period, Sales, read_sales
from django_stripe_cart.models import Order, Refund
from tests.admin.pages import read, url

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
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
    Order.objects.create(total=100, currency="inr")  # never paid
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

    with django_assert_num_queries(3):
        sales_of()


# --- the page ---------------------------------------------------------------------------------


def test_the_page_shows_the_last_thirty_days(desk: Client) -> None:
    sell(99800, timezone.now())

    page = read(desk, url("sales"))

    assert "₹998.00" in page
    assert 'aria-current="true">30 days<' in page
    assert page.count('class="stripe-cart-bar-revenue"') == 1


def test_the_page_shows_the_days_that_are_asked_for(desk: Client) -> None:
    give_back(sell(99800), 300)

    page = read(desk, url("sales"), first="2026-03-10", last="2026-03-10")
    assert "₹998.00" in page
    assert "₹995.00" in page
    assert page.count('class="stripe-cart-bar-refunds"') == 1

    page = read(desk, url("sales"), first="2026-03-11", last="2026-03-12")
    assert "Nothing was sold in these days." in page
    assert "<svg viewBox" not in page


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2026-03-10", "2026-03-09", "The first day has to be before the last."),
        ("2024-01-01", "2026-03-09", "Please choose a year at most."),
        ("0001-01-01", "0001-01-02", "Please choose days of our time."),
        ("9999-12-30", "9999-12-31", "Please choose days of our time."),
        ("yesterday", "2026-03-09", "Enter a valid date."),
        ("", "", "This field is required."),
    ],
)
def test_days_that_are_none_are_refused_with_a_sentence(
    desk: Client, first: str, last: str, sentence: str
) -> None:
    assert sentence in read(desk, url("sales"), first=first, last=last)


def test_nothing_on_the_page_is_inline(desk: Client) -> None:
    sell(100, timezone.now())

    page = read(desk, url("sales"))

    ours = page[page.index('id="content-main"') : page.index('id="footer"')]
    assert "style=" not in ours
    assert "<style" not in ours
    assert "<script" not in ours


# --- the chart --------------------------------------------------------------------------------


def chart_of(*days: Day, currency: str = "usd") -> Any:
    return draw_chart(Sales(currency, list(days)))


def test_bars_are_as_high_as_what_they_stand_for() -> None:
    chart = chart_of(
        Day(date(2026, 3, 1), 1, revenue=300_00),
        Day(date(2026, 3, 2), 1, revenue=150_00, refunds=100_00),
    )

    first, second, back = chart.bars
    assert float(first.height) == pytest.approx(2 * float(second.height), abs=0.02)
    assert float(first.height) == pytest.approx(3 * float(back.height), abs=0.02)
    assert float(back.y) == float(chart.zero)
    assert float(first.y) + float(first.height) == pytest.approx(float(chart.zero), abs=0.02)
    assert float(first.x) + float(first.width) < float(second.x)
    assert [line.label for line in chart.lines] == ["$200", "$0", "$200", "$400"]


def test_the_smallest_sale_can_be_seen() -> None:
    chart = chart_of(Day(date(2026, 3, 1), 1, 10**9), Day(date(2026, 3, 2), 1, 1))

    assert [float(bar.height) >= 2 for bar in chart.bars] == [True, True]


def test_it_is_said_what_the_chart_shows() -> None:
    chart = chart_of(
        Day(date(2026, 3, 1), 1, revenue=300_00),
        Day(date(2026, 3, 2), 1, revenue=150_00, refunds=100_00),
    )

    assert chart.description.startswith("Revenue by day, $450.00 in all and $100.00 of it refunded")
    assert "March 1, 2026, with $300.00" in chart.description
    assert chart.bars[1].title == "March 2, 2026: $150.00, and $100.00 refunded"


def test_numbers_in_the_drawing_are_the_same_in_every_language() -> None:
    days = [Day(date(2026, 3, day), 1, revenue=123_45 * day) for day in (1, 2, 3)]

    with translation.override("de"):
        chart = chart_of(*days)

    assert all("," not in bar.x + bar.y + bar.width + bar.height for bar in chart.bars)
    assert chart.lines[1].label == "200\u00a0$"


@pytest.mark.parametrize("currency", ["jpy", "usd", "kwd"])
def test_a_chart_of_nothing_and_of_very_much_is_drawn(currency: str) -> None:
    assert chart_of(Day(date(2026, 3, 1), 1), currency=currency).bars == []

    much = chart_of(Day(date(2026, 3, 1), 1, revenue=10**15), currency=currency)
    assert len(much.lines) < 10


@pytest.mark.parametrize(("count", "marks"), [(1, [1]), (2, [1, 2]), (31, [1, 16, 31])])
def test_the_ends_and_the_middle_are_named(count: int, marks: list[int]) -> None:
    days = [Day(date(2026, 3, number + 1)) for number in range(count)]

    assert [mark.day for mark in chart_of(*days).marks] == marks
