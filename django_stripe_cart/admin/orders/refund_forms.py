"""Forms that confirm refunds.

There is a form that refunds items or an amount of one order, a form that refunds all that is left
of several orders, and a form that resends a refund.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_stripe_cart.admin.actions.forms import ConfirmForm
from django_stripe_cart.admin.times import format_time
from django_stripe_cart.exceptions import AmountNotRepresentable
from django_stripe_cart.models import Order, OrderItem, Refund
from django_stripe_cart.money import exponent, format_money, to_amount
from django_stripe_cart.payments.apply.refunds import SEARCH_TIME
from django_stripe_cart.payments.refund_items import amounts_of_next_pieces, rest_of_items
from django_stripe_cart.payments.refund_requests import KEY_LIFETIME
from django_stripe_cart.refunds import amount_refundable


def unknown_refund(order: Order) -> Refund | None:
    """Return the order's refund whose outcome is unknown, or None. There is at most one."""
    return order.refunds.unknown().first()


def describe_unknown(refund: Refund) -> str:
    """Return a text that says why no other refund can be made now, and how long this lasts."""
    until = (refund.resent_at or refund.created) + SEARCH_TIME
    text = _(
        "It is not known yet whether the refund of %(amount)s was made, so no other refund can be "
        "made. A sync looks for it; if Stripe does not have it after %(time)s, it counts as not "
        "made and an issue is opened."
    )
    amount = format_money(refund.amount, refund.order.currency)
    text = text % {"amount": amount, "time": format_time(until)}
    again = _("Nothing is sent again unless you send the same refund again.")
    return f"{text} {again}" if can_be_sent_again(refund) else text


def can_be_sent_again(refund: Refund) -> bool:
    """Return whether ``refund_order`` would send the refund again.

    Return False if the refund is so old that Stripe may have forgotten its key. Also return False
    if a later refund was made in Stripe's Dashboard, because staff may have made it in place of
    this refund.
    """
    later = refund.order.refunds.filter(source=Refund.Source.STRIPE, pk__gt=refund.pk)
    return timezone.now() <= refund.created + KEY_LIFETIME and not later.exists()


class RefundForm(ConfirmForm):
    """A form that refunds all that is left of each order.

    It has a hidden key. If the form is submitted twice, the key prevents a second refund.
    """

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For your own records: neither Stripe nor the shopper sees it."),
    )
    restock = forms.BooleanField(
        label=gettext_lazy("Return the items to stock"),
        required=False,
        help_text=gettext_lazy("They are back in stock once the refund has succeeded."),
    )

    def refund_arguments(self, order: Order) -> dict[str, Any]:
        """Return the keyword arguments of ``refund_order`` for ``order``."""
        key: UUID = self.cleaned_data["key"]
        return {
            "key": uuid5(key, str(order.reference)),
            "reason": self.cleaned_data["reason"],
            "restock": self.cleaned_data["restock"],
        }


@dataclass(frozen=True)
class RefundLine:
    """An item of the order in the form.

    If nothing of the item is left to refund, ``field`` is None.
    """

    item: OrderItem
    field: Any
    left: int
    price: str


class OneRefundForm(RefundForm):
    """A form that refunds one order: chosen items, an amount, or everything that is left.

    Its hidden field ``refundable`` detects refunds that were made after the page was shown.
    """

    refundable = forms.IntegerField(widget=forms.HiddenInput)
    amount = forms.DecimalField(min_value=0, required=False)
    everything = forms.BooleanField(required=False)

    field_order = ("restock", "amount", "reason", "everything")

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.currency = self.order.currency
        self.left = amount_refundable(self.order)
        self.initial = {"refundable": self.left}
        self._name_fields(format_money(self.left, self.currency))
        # Fields of all items, so that the same form means the same after its items are refunded.
        self.items = list(self.order.items.all())
        for item in self.items:
            self.fields[f"quantity_{item.pk}"] = forms.IntegerField(
                label=item.name,
                required=False,
                min_value=0,
                max_value=item.quantity,
                widget=forms.NumberInput({"inputmode": "numeric"}),
            )

    def _name_fields(self, left: str) -> None:
        """Set labels and help texts of the fields. ``left`` is the refundable amount as text."""
        amount = self.fields["amount"]
        amount.label = _("Amount in %(currency)s") % {"currency": self.currency.upper()}
        amount.help_text = _(
            "Leave it empty to refund the price of the chosen items. At most %(left)s."
        ) % {"left": left}
        step = str(Decimal(1).scaleb(-exponent(self.currency)))
        amount.widget.attrs |= {"step": step, "inputmode": "decimal"}
        everything = self.fields["everything"]
        everything.label = _("Refund everything that is left: %(left)s") % {"left": left}
        everything.help_text = _("Instead of items or an amount, with shipping.")

    @property
    def lines(self) -> Iterator[RefundLine]:
        """Yield the order's items with the quantity left to refund and the price of one piece."""
        rest, prices = rest_of_items(self.order), amounts_of_next_pieces(self.order)
        for item in self.items:
            left = rest.get(item.pk, 0)
            field = self[f"quantity_{item.pk}"] if left else None
            price = format_money(prices[item.pk], self.currency)
            yield RefundLine(item=item, field=field, left=left, price=price)

    @property
    def other_fields(self) -> list[Any]:
        """Return the visible fields other than the quantities."""
        return [self[name] for name in ("restock", "amount", "everything", "reason")]

    def clean_amount(self) -> int | None:
        """Return the amount (int, smallest currency unit), or None if the field is empty.

        Raises ``ValidationError`` if the amount is zero, or if the currency can't represent it.
        """
        if self.cleaned_data["amount"] is None:
            return None
        try:
            amount = to_amount(self.cleaned_data["amount"], self.currency)
        except AmountNotRepresentable as error:
            text = _("This amount isn't possible in %(currency)s.")
            raise ValidationError(text % {"currency": self.currency.upper()}) from error
        if amount == 0:
            raise ValidationError(_("Please enter an amount greater than zero."))
        return amount

    def clean(self) -> dict[str, Any]:
        """Reject a form with no choice, with contradicting choices, or with too high an amount."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        amount, is_whole = data["amount"], data["everything"]
        if is_whole and (amount is not None or self.chosen_items):
            self.add_error("everything", _("Choose items or an amount, or everything; not both."))
        elif not is_whole and amount is None and not self.chosen_items:
            raise ValidationError(_("Choose items, enter an amount, or tick “everything”."))
        elif data["restock"] and not is_whole and not self.chosen_items:
            self.add_error("restock", _("Choose the items that come back."))
        if amount is not None and amount > data["refundable"]:
            params = {"left": format_money(data["refundable"], self.currency)}
            self.add_error("amount", _("You can refund at most %(left)s.") % params)
        return data

    @property
    def chosen_items(self) -> dict[OrderItem, int]:
        """Return the quantity that the user entered for each item. Items with zero are left out."""
        chosen = {item: self.cleaned_data.get(f"quantity_{item.pk}") for item in self.items}
        return {item: count for item, count in chosen.items() if count}

    def refund_arguments(self, order: Order) -> dict[str, Any]:
        """Return the keyword arguments of ``refund_order`` that the user chose in the form."""
        data = self.cleaned_data
        chosen = {
            "amount": data["amount"],
            "items": self.chosen_items or None,
            "expected_refundable": data["refundable"],
        }
        return {**super().refund_arguments(order), **chosen}


class ResendForm(ConfirmForm):
    """A form that resends a refund whose outcome is unknown. The refund keeps its key."""

    refund = forms.IntegerField(widget=forms.HiddenInput)

    submit_label = gettext_lazy("Send the same refund again")

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.unknown = unknown_refund(self.order)
        self.initial = {"refund": self.unknown and self.unknown.pk}

    @property
    def can_be_submitted(self) -> bool:
        """Return whether the page shows the button that submits the form."""
        return self.unknown is not None and can_be_sent_again(self.unknown)

    def clean_refund(self) -> Refund:
        """Return the refund, which must belong to the order. Its outcome may be known by now."""
        refund = self.order.refunds.filter(pk=self.cleaned_data["refund"]).first()
        if refund is None:
            raise ValidationError(_("Please open this page again."))
        return refund

    def refund_arguments(self, order: Order) -> dict[str, Any]:
        """Return the keyword arguments of ``refund_order``: the key of the refund to resend."""
        return {"key": self.cleaned_data["refund"].key}
