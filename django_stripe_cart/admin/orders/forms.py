"""Forms of the confirmation page of an action."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.exceptions import AmountNotRepresentable
from django_stripe_cart.models import Order
from django_stripe_cart.money import exponent, format_money, to_amount, to_decimal
from django_stripe_cart.refunds import amount_refundable


class ConfirmForm(forms.Form):
    """A form without fields: submitting it confirms the action."""

    def __init__(self, *args: Any, orders: Sequence[Order], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.orders = orders


class RefundForm(ConfirmForm):
    """Refund all that is left of each order. The hidden key makes a repeated form one refund."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("For your own records: neither Stripe nor the shopper sees it."),
    )
    restock = forms.BooleanField(
        label=_("Return the items to stock"),
        required=False,
        help_text=_(
            "Restocks everything the order still holds, once Stripe has accepted the refund."
        ),
    )

    def refund_arguments(self, order: Order) -> dict[str, Any]:
        """Return the keyword arguments of ``refund_order`` for ``order``."""
        key: UUID = self.cleaned_data["key"]
        return {
            "key": uuid5(key, str(order.reference)),
            "reason": self.cleaned_data["reason"],
            "restock": self.cleaned_data["restock"],
        }


class OneRefundForm(RefundForm):
    """Refund all or part of one order, unless another refund was made since the page was shown."""

    refundable = forms.IntegerField(widget=forms.HiddenInput)
    amount = forms.DecimalField(label=_("Amount"), min_value=0)

    field_order = ("amount", "reason", "restock")

    def __init__(self, *args: Any, orders: Sequence[Order], **kwargs: Any) -> None:
        super().__init__(*args, orders=orders, **kwargs)
        (self.order,) = orders
        left = amount_refundable(self.order)
        digits = exponent(self.order.currency)
        self.initial = {"refundable": left, "amount": to_decimal(left, self.order.currency)}
        amount = self.fields["amount"]
        amount.label = _("Amount in %(currency)s") % {"currency": self.order.currency.upper()}
        amount.help_text = _("At most %(left)s.") % {
            "left": format_money(left, self.order.currency)
        }
        amount.widget.attrs |= {"step": str(Decimal(1).scaleb(-digits)), "inputmode": "decimal"}

    def clean_amount(self) -> int:
        """Return an int, smallest currency unit. ``refund_order`` checks how much is left."""
        try:
            amount = to_amount(self.cleaned_data["amount"], self.order.currency)
        except AmountNotRepresentable as error:
            raise ValidationError(
                _("This amount isn't possible in %(currency)s.")
                % {"currency": self.order.currency.upper()}
            ) from error
        if amount == 0:
            raise ValidationError(_("Please enter an amount greater than zero."))
        return amount

    def clean(self) -> dict[str, Any]:
        """Reject more than was left when the page was shown."""
        data: dict[str, Any] = super().clean() or {}
        if "amount" in data and "refundable" in data and data["amount"] > data["refundable"]:
            params = {"left": format_money(data["refundable"], self.order.currency)}
            self.add_error("amount", _("You can refund at most %(left)s.") % params)
        return data

    def refund_arguments(self, order: Order) -> dict[str, Any]:
        data = self.cleaned_data
        chosen = {"amount": data["amount"], "expected_refundable": data["refundable"]}
        return {**super().refund_arguments(order), **chosen}
