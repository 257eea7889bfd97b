"""A bar for each day: what came in upwards, what went back downwards.

Plain attributes only, no style: a strict Content-Security-Policy lets it through.
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
SMALLEST = 2  # what is not nothing can be seen


@dataclass(frozen=True)
class Bar:
    """All numbers as SVG writes them, whatever the reader's language makes of a decimal point."""

    kind: str
    x: str
    y: str
    width: str
    height: str
    title: str


@dataclass(frozen=True)
class Line:
    """A height of the grid, and its label."""

    y: str
    label: str


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    lines: list[Line]
    zero: str
    description: str
    marks: list[date]
    width: int = WIDTH
    height: int = HEIGHT


def draw(sales: Sales) -> Chart:
    scale = _Scale.of(sales)
    return Chart(
        bars=[*_bars(sales, scale)],
        lines=[Line(_number(scale.y(amount)), label) for amount, label in scale.labels()],
        zero=_number(scale.y(0)),
        description=_describe(sales),
        marks=_marks([day.day for day in sales.days]),
    )


@dataclass(frozen=True)
class _Scale:
    """From an amount of money to a height in the picture."""

    top: int
    bottom: int
    step: int
    currency: str

    @classmethod
    def of(cls, sales: Sales) -> _Scale:
        highest = max(day.revenue for day in sales.days)
        lowest = max(day.refunds for day in sales.days)
        step = _nice((highest + lowest) / 3, least=10 ** exponent(sales.currency))
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
        words = _title(day, sales.currency)
        for kind, amount in (("revenue", day.revenue), ("refunds", -day.refunds)):
            if amount:
                height = max(SMALLEST, abs(scale.y(amount) - scale.y(0)))
                y = scale.y(0) - (height if amount > 0 else 0)
                yield Bar(
                    kind, _number(x), _number(y), _number(slot * (1 - GAP)), _number(height), words
                )


def _title(day: Day, currency: str) -> str:
    words = {
        "day": date_format(day.day, "DATE_FORMAT"),
        "revenue": format_money(day.revenue, currency),
        "refunds": format_money(day.refunds, currency),
    }
    if day.refunds:
        return _("%(day)s: %(revenue)s, and %(refunds)s refunded") % words
    return _("%(day)s: %(revenue)s") % words


def _describe(sales: Sales) -> str:
    best = max(sales.days, key=lambda day: day.revenue)
    words = {
        "total": format_money(sales.revenue, sales.currency),
        "refunds": format_money(sales.refunds, sales.currency),
        "best": format_money(best.revenue, sales.currency),
        "day": date_format(best.day, "DATE_FORMAT"),
    }
    return (
        _(
            "Revenue by day, %(total)s in all and %(refunds)s of it refunded. The best day was "
            "%(day)s, with %(best)s. The table below has every day."
        )
        % words
    )


def _marks(days: list[date]) -> list[date]:
    """The days that are written below: the first, the last, and the middle if there is room."""
    if len(days) < 3:
        return days
    return [days[0], days[len(days) // 2], days[-1]]


def _nice(amount: float, *, least: int) -> int:
    """int, a round step of about ``amount``: 1, 2 or 5 with zeros after it."""
    step = least
    while True:
        for factor in (1, 2, 5):
            if step * factor >= amount:
                return step * factor
        step *= 10


def _number(value: float) -> str:
    return f"{value:.2f}"
