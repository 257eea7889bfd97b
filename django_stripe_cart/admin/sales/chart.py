"""A bar chart of sales as SVG: revenue above the axis, refunds below.

It uses attributes instead of inline styles, as a strict Content-Security-Policy demands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from django_stripe_cart.admin.sales.report import Day, Sales
from django_stripe_cart.money import exponent, format_money

WIDTH, HEIGHT = 1000, 240
GAP = 0.25  # of a day's width
MIN_BAR_HEIGHT = 2  # so that small amounts stay visible


@dataclass(frozen=True)
class Bar:
    """A bar. Numbers are formatted for SVG, with a decimal point in every language."""

    kind: str
    x: str
    y: str
    width: str
    height: str
    title: str


@dataclass(frozen=True)
class Line:
    """A line of the grid, with its label."""

    y: str
    label: str


@dataclass(frozen=True)
class Chart:
    """Bars, grid and labels, ready for the template."""

    bars: list[Bar]
    lines: list[Line]
    zero: str
    description: str
    marks: list[date]
    width: int = WIDTH
    height: int = HEIGHT


def draw_chart(sales: Sales) -> Chart:
    """Return the chart of the sales of one currency."""
    scale = _Scale.of(sales)
    return Chart(
        bars=[*_bars(sales, scale)],
        lines=[Line(_format(scale.y(amount)), label) for amount, label in scale.labels()],
        zero=_format(scale.y(0)),
        description=_describe(sales),
        marks=_axis_days([day.day for day in sales.days]),
    )


@dataclass(frozen=True)
class _Scale:
    """The vertical scale: converts an amount to a height in the chart."""

    top: int
    bottom: int
    step: int
    currency: str

    @classmethod
    def of(cls, sales: Sales) -> _Scale:
        highest = max(day.revenue for day in sales.days)
        lowest = max(day.refunds for day in sales.days)
        step = _round_step((highest + lowest) / 3, least=10 ** exponent(sales.currency))
        return cls(
            top=max(1, -(-highest // step)) * step,
            bottom=-(-lowest // step) * step,
            step=step,
            currency=sales.currency,
        )

    def y(self, amount: int) -> float:
        return (self.top - amount) * HEIGHT / (self.top + self.bottom)

    def labels(self) -> Iterable[tuple[int, str]]:
        for amount in range(-self.bottom, self.top + 1, self.step):
            yield amount, format_money(abs(amount), self.currency, is_whole=True)


def _bars(sales: Sales, scale: _Scale) -> Iterable[Bar]:
    slot = WIDTH / len(sales.days)
    for number, day in enumerate(sales.days):
        x = slot * (number + GAP / 2)
        params = _title(day, sales.currency)
        for kind, amount in (("revenue", day.revenue), ("refunds", -day.refunds)):
            if amount:
                height = max(MIN_BAR_HEIGHT, abs(scale.y(amount) - scale.y(0)))
                y = scale.y(0) - (height if amount > 0 else 0)
                yield Bar(
                    kind, _format(x), _format(y), _format(slot * (1 - GAP)), _format(height), params
                )


def _title(day: Day, currency: str) -> str:
    params = {
        "day": date_format(day.day, "DATE_FORMAT"),
        "revenue": format_money(day.revenue, currency),
        "refunds": format_money(day.refunds, currency),
    }
    if day.refunds:
        return _("%(day)s: %(revenue)s, and %(refunds)s refunded") % params
    return _("%(day)s: %(revenue)s") % params


def _describe(sales: Sales) -> str:
    best = max(sales.days, key=lambda day: day.revenue)
    params = {
        "total": format_money(sales.revenue, sales.currency),
        "refunds": format_money(sales.refunds, sales.currency),
        "best": format_money(best.revenue, sales.currency),
        "day": date_format(best.day, "DATE_FORMAT"),
    }
    return (
        _(
            "Revenue by day: %(total)s in total, of which %(refunds)s was refunded. The best day "
            "was %(day)s, with %(best)s. All figures are in the table below."
        )
        % params
    )


def _axis_days(days: list[date]) -> list[date]:
    """Return the days that label the axis: the first, the middle and the last."""
    if len(days) < 3:
        return days
    return [days[0], days[len(days) // 2], days[-1]]


def _round_step(amount: float, *, least: int) -> int:
    """Return 1, 2 or 5 times a power of ten, at least ``amount`` and ``least``."""
    step = least
    while True:
        for factor in (1, 2, 5):
            if step * factor >= amount:
                return step * factor
        step *= 10


def _format(value: float) -> str:
    return f"{value:.2f}"
