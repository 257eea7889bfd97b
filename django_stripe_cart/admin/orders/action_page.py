"""The confirmation page of an action on orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_stripe_cart.admin.actions.page import ActionPage
from django_stripe_cart.models import Order
from django_stripe_cart.money import format_money
from django_stripe_cart.refunds import amount_refundable


class OrderActionPage(ActionPage[Order]):
    """The confirmation page of an action on one order, or on selected orders."""

    shown_relations = ("user",)

    def prefix_name(self, row: Order, text: str) -> str:
        """Return ``text`` preceded by the order's number."""
        return _("Order %(number)s: %(text)s") % {"number": row.number, "text": text}

    def describe_count(self, count: int) -> str:
        """Return a sentence that says for how many orders the action was done."""
        text = ngettext(
            "%(action)s: done for %(count)d order.", "%(action)s: done for %(count)d orders.", count
        )
        return text % {"action": self.action.label, "count": count}

    def extra_context(self, rows: Sequence[Order]) -> dict[str, Any]:
        """Return the template context: the totals that a refund of several orders pays back."""
        is_refund_of_many = self.action.moves_money and len(rows) > 1
        return {"sums": _sum_refundable(rows) if is_refund_of_many else []}


def _sum_refundable(orders: Sequence[Order]) -> list[str]:
    """Return the total amounts of ``orders`` that can still be refunded, one text per currency."""
    sums: Counter[str] = Counter()
    for order in orders:
        sums[order.currency] += amount_refundable(order)
    return [format_money(sums[currency], currency) for currency in sorted(sums)]
