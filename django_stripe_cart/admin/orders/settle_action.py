"""The action that settles issues of orders.

Some issues keep an order from becoming paid. To settle such an issue is to accept the payment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.utils.translation import gettext_lazy

from django_stripe_cart.admin.actions.action import Outcome
from django_stripe_cart.admin.actions.forms import ConfirmForm
from django_stripe_cart.admin.orders.forms import SettleForm
from django_stripe_cart.admin.orders.order_action import OrderAction
from django_stripe_cart.attention import settle_issue
from django_stripe_cart.models import Order
from django_stripe_cart.timeline import Cause


class SettleAction(OrderAction):
    """The action that settles one issue of an order, or all issues that the page shows."""

    name = "settle"
    label = gettext_lazy("Settle")
    label_for_many = gettext_lazy("Settle the issues of selected orders")
    explanation = gettext_lazy(
        "Settle what you have dealt with: it leaves the list of open issues, and your note is kept."
    )
    success_text = gettext_lazy("settled; the order's status is “%(status)s”.")

    def make_form(
        self,
        rows: Sequence[Order],
        *,
        query: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> ConfirmForm:
        """Return the form for the issue that ``query`` names.

        If ``query`` names no issue, the form is for all open issues.
        """
        return SettleForm(data, orders=rows, issue=query.get("issue", ""))

    def is_available(self, order: Order) -> bool:
        """Return whether the order has open issues."""
        return bool(order.open_issues)

    def perform(self, order: Order, form: SettleForm, *, by: Cause) -> Outcome:
        """Settle the issues that the form has shown, and return the outcome."""
        for issue in form.chosen_issues(order):
            order = settle_issue(issue, by=by, note=form.cleaned_data["note"]).order
        values = {"status": order.get_status_display()}
        return Outcome(messages.SUCCESS, str(self.success_text) % values)
