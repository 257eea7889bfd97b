"""A bar chart of sales as SVG, with revenue above the axis, and refunds and losses below."""

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
    """A bar of the chart. Its numbers are formatted for SVG, not for the active language."""

    kind: str
    title: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Line:
    """A horizontal line of the grid, with its label."""

    y: str
    label: str


@dataclass(frozen=True)
class Chart:
    """The bars, grid and labels of a chart, for the template."""

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
        bars=list(_draw_bars(sales, scale)),
        lines=list(scale.lines()),
        zero=_format_number(scale.y(0)),
        description=_describe(sales),
        marks=_axis_days([day.day for day in sales.days]),
    )


@dataclass(frozen=True)
class _Scale:
    """The vertical scale of a chart, which converts amounts to positions."""

    top: int
    bottom: int
    step: int
    currency: str

    @classmethod
    def of(cls, sales: Sales) -> _Scale:
        """Return the scale that has room for the bars of every day, with about three grid lines."""
        highest = max(day.revenue for day in sales.days)
        lowest = max(day.gone for day in sales.days)
        step = _round_step((highest + lowest) / 3, least=10 ** exponent(sales.currency))
        top, bottom = max(1, -(-highest // step)) * step, -(-lowest // step) * step
        return cls(top, bottom, step, sales.currency)

    def y(self, amount: int) -> float:
        """Return the vertical position of an amount in the chart. The top is at position 0."""
        return (self.top - amount) * HEIGHT / (self.top + self.bottom)

    def lines(self) -> Iterable[Line]:
        """Yield the horizontal lines of the grid, from the bottom to the top."""
        for amount in range(-self.bottom, self.top + 1, self.step):
            label = format_money(abs(amount), self.currency, is_whole=True)
            yield Line(_format_number(self.y(amount)), label)


def _draw_bars(sales: Sales, scale: _Scale) -> Iterable[Bar]:
    """Yield each day's bars: revenue, refunds, and losses in disputes. Empty bars are left out."""
    slot = WIDTH / len(sales.days)
    for number, day in enumerate(sales.days):
        x, width = slot * (number + GAP / 2), slot * (1 - GAP)
        for kind, top, bottom in (
            ("revenue", day.revenue, 0),
            ("refunds", 0, -day.refunds),
            ("lost", -day.refunds, -day.gone),
        ):
            if top != bottom:
                height = max(MIN_BAR_HEIGHT, scale.y(bottom) - scale.y(top))
                y = scale.y(0) - height if kind == "revenue" else scale.y(top)
                numbers = map(_format_number, (x, y, width, height))
                yield Bar(kind, _bar_title(day, sales.currency), *numbers)


def _bar_title(day: Day, currency: str) -> str:
    """Return the text that appears when the pointer is on a bar: the day and its figures."""
    params = {
        "day": date_format(day.day, "DATE_FORMAT"),
        "revenue": format_money(day.revenue, currency),
        "refunds": format_money(day.refunds, currency),
        "lost": format_money(day.lost, currency),
    }
    if day.lost:
        return (
            _("%(day)s: %(revenue)s, %(refunds)s refunded, and %(lost)s lost in disputes") % params
        )
    if day.refunds:
        return _("%(day)s: %(revenue)s, and %(refunds)s refunded") % params
    return _("%(day)s: %(revenue)s") % params


def _describe(sales: Sales) -> str:
    """Return the description of the chart for screen readers."""
    best = max(sales.days, key=lambda day: day.revenue)
    params = {
        "total": format_money(sales.revenue, sales.currency),
        "refunds": format_money(sales.refunds, sales.currency),
        "lost": format_money(sales.lost, sales.currency),
        "best": format_money(best.revenue, sales.currency),
        "day": date_format(best.day, "DATE_FORMAT"),
    }
    text = _(
        "Revenue by day: %(total)s in total, of which %(refunds)s was refunded. The best day "
        "was %(day)s, with %(best)s. All figures are in the table below."
    )
    if sales.lost:
        text += " " + _("%(lost)s was lost in disputes.")
    return text % params


def _axis_days(days: list[date]) -> list[date]:
    """Return the days that label the axis: the first, the middle and the last."""
    if len(days) < 3:
        return days
    return [days[0], days[len(days) // 2], days[-1]]


def _round_step(amount: float, *, least: int) -> int:
    """Return the smallest round number that is at least ``amount``.

    The round numbers are ``least`` times 1, 2, 5, 10, 20 and so on.
    """
    step = least
    while True:
        for factor in (1, 2, 5):
            if step * factor >= amount:
                return step * factor
        step *= 10


def _format_number(value: float) -> str:
    """Format a number for SVG: a point before the decimals, whatever the language."""
    return f"{value:.2f}"
