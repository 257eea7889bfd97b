"""Forms that confirm an action on orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.admin.actions.forms import ConfirmForm
from django_stripe_cart.admin.orders.issues import describe_subject, explain
from django_stripe_cart.fulfillment import reasons_to_wait
from django_stripe_cart.models import Order, OrderIssue

ACCEPTS = _("The order's payment is accepted as it was made, and the order becomes paid.")


class FulfillForm(ConfirmForm):
    """A form that marks orders as completed.

    If the form is for one order, and there are reasons to wait, the user must confirm that the
    order is to be completed. For example, a dispute of the payment is a reason to wait.
    """

    # The reasons that the page showed. The user can't confirm a reason that was not among them.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    confirmed = forms.BooleanField(label=_("Complete it all the same"))

    def __init__(self, *args: Any, orders: Sequence[Order], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_open = len(orders) == 1 and orders[0].status == Order.Status.PAID
        self.reasons = reasons_to_wait(orders[0]) if is_open else []
        self.initial = {"seen": " ".join(self.reasons)}
        if not self.reasons:
            del self.fields["confirmed"], self.fields["seen"]

    @property
    def notes(self) -> list[str]:
        """Return the reasons to wait, which are shown before the fields."""
        return self.reasons

    @property
    def is_confirmed(self) -> bool:
        """Return whether the user wants the order to be completed despite the reasons to wait."""
        return bool(self.cleaned_data.get("confirmed"))

    def clean(self) -> dict[str, Any]:
        """Reject the form if there is a reason to wait that the page did not show."""
        data: dict[str, Any] = super().clean() or {}
        if not all(reason in data.get("seen", "") for reason in self.reasons):
            self.data = {**self.data, **self.initial, "confirmed": ""}
            raise ValidationError(_("There is a new reason to wait. Please look again."))
        return data


class SettleForm(ConfirmForm):
    """A form that settles the issues that it shows, and stores the user's note on each issue."""

    issues = forms.CharField(widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("Note"),
        max_length=500,
        required=False,
        help_text=_("What was decided, for your colleagues. The shopper does not see it."),
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *args: Any, orders: Sequence[Order], issue: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.orders = orders
        issues = OrderIssue.objects.open().filter(order__in=orders)
        if issue:
            issues = issues.filter(pk=issue) if issue.isdecimal() else issues.none()
        rows = ("order__disputes", "order__refunds")
        self.shown = list(issues.select_related("order").prefetch_related(*rows))
        self.initial = {"issues": ",".join(str(issue.pk) for issue in self.shown)}

    @property
    def is_pointless(self) -> bool:
        """Return whether there are no open issues to settle."""
        return not self.shown

    @property
    def notes(self) -> list[str]:
        """Return the texts about the issues, which are shown before the fields."""
        return [self._describe(issue) for issue in self.shown]

    def clean_issues(self) -> list[int]:
        """Return the primary keys of the issues that the page showed."""
        words = self.cleaned_data["issues"].split(",")
        if not all(word.isdecimal() and len(word) < 19 for word in words):
            raise ValidationError(_("Please open this page again."))
        return [int(word) for word in words]

    def chosen_issues(self, order: Order) -> QuerySet[OrderIssue]:
        """Return the issues of ``order`` that the page showed; some may be settled by now."""
        return order.issues.filter(pk__in=self.cleaned_data["issues"]).order_by("pk")

    def _describe(self, issue: OrderIssue) -> str:
        """Return a text about an issue: its reason, the facts, and what settling it means."""
        order = issue.order
        number = f"{order.number}: " if len(self.orders) > 1 else ""
        meaning = str(ACCEPTS) if issue.holds_order else explain(issue, order)
        facts = " · ".join((issue.get_reason_display(), *describe_subject(issue, order)))
        return f"{number}{facts}. {meaning}"
