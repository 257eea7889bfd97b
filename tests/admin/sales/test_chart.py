"""The chart of sales: bars, scale and labels."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from django_stripe_cart.admin.sales.chart import draw_chart
from django_stripe_cart.admin.sales.report import Day, Sales


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

    assert chart.description.startswith(
        "Revenue by day: $450.00 in total, of which $100.00 was refunded"
    )
    assert "March 1, 2026, with $300.00" in chart.description
    assert chart.bars[1].title == "March 2, 2026: $150.00, and $100.00 refunded"


def test_what_was_lost_is_drawn_below_the_refunds() -> None:
    chart = chart_of(Day(date(2026, 3, 1), 1, revenue=300_00, refunds=100_00, lost=200_00))

    _revenue, back, lost = chart.bars
    assert (back.kind, lost.kind) == ("refunds", "lost")
    assert float(lost.y) == pytest.approx(float(back.y) + float(back.height), abs=0.02)
    assert float(lost.height) == pytest.approx(2 * float(back.height), abs=0.02)
    assert lost.title.endswith("$100.00 refunded, and $200.00 lost in disputes")
    assert chart.description.endswith("$200.00 was lost in disputes.")


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
