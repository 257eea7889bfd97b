"""Forms that confirm an action on orders."""

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
    """A form that refunds the remaining amount of each order.

    Its hidden key makes sure that submitting it twice refunds once.
    """

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
    """A form that refunds an amount of one order.

    Its hidden field ``refundable`` detects a refund that was made since the page was shown.
    """

    refundable = forms.IntegerField(widget=forms.HiddenInput)
    amount = forms.DecimalField(label=_("Amount"), min_value=0)

    field_order = ("amount", "reason", "restock")

    def __init__(self, *args: Any, orders: Sequence[Order], **kwargs: Any) -> None:
        super().__init__(*args, orders=orders, **kwargs)
        (order,) = orders
        self.currency = order.currency
        left = amount_refundable(order)
        self.initial = {"refundable": left, "amount": to_decimal(left, self.currency)}
        amount = self.fields["amount"]
        amount.label = _("Amount in %(currency)s") % {"currency": self.currency.upper()}
        amount.help_text = _("At most %(left)s.") % {"left": format_money(left, self.currency)}
        step = str(Decimal(1).scaleb(-exponent(self.currency)))
        amount.widget.attrs |= {"step": step, "inputmode": "decimal"}

    def clean_amount(self) -> int:
        """Return the amount as an int, smallest currency unit. Raises ``ValidationError``."""
        try:
            amount = to_amount(self.cleaned_data["amount"], self.currency)
        except AmountNotRepresentable as error:
            text = _("This amount isn't possible in %(currency)s.")
            raise ValidationError(text % {"currency": self.currency.upper()}) from error
        if amount == 0:
            raise ValidationError(_("Please enter an amount greater than zero."))
        return amount

    def clean(self) -> dict[str, Any]:
        """Reject an amount above the refundable amount that the page showed."""
        data: dict[str, Any] = super().clean() or {}
        if "amount" in data and "refundable" in data and data["amount"] > data["refundable"]:
            params = {"left": format_money(data["refundable"], self.currency)}
            self.add_error("amount", _("You can refund at most %(left)s.") % params)
        return data

    def refund_arguments(self, order: Order) -> dict[str, Any]:
        """Return the keyword arguments of ``refund_order``, with the amount of the form."""
        data = self.cleaned_data
        chosen = {"amount": data["amount"], "expected_refundable": data["refundable"]}
        return {**super().refund_arguments(order), **chosen}
