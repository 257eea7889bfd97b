"""The action that refunds a single order in part or in full, or several orders in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_stripe_cart.admin.actions.action import Outcome
from django_stripe_cart.admin.actions.forms import ConfirmForm
from django_stripe_cart.admin.orders.order_action import OrderAction
from django_stripe_cart.admin.orders.refund_forms import (
    OneRefundForm,
    RefundForm,
    ResendForm,
    describe_unknown,
    unknown_refund,
)
from django_stripe_cart.exceptions import PaymentError, PaymentRefused, StripeCartError
from django_stripe_cart.models import Order, Refund
from django_stripe_cart.money import format_money
from django_stripe_cart.refunds import amount_refundable, refund_order
from django_stripe_cart.timeline import Cause


class RefundAction(OrderAction):
    """The action that refunds orders through Stripe.

    A single order can be refunded in part or in full. Several orders are refunded in full.
    """

    name = "refund"
    label = gettext_lazy("Refund")
    label_for_many = gettext_lazy("Refund the remaining amount of selected orders")
    explanation = gettext_lazy("The shopper is refunded through Stripe. This can't be undone.")
    moves_money = True

    def make_form(
        self,
        rows: Sequence[Order],
        *,
        query: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> ConfirmForm:
        """Return the form that confirms the refund.

        For several orders, the form refunds all that is left of each order. For one order, it
        refunds items, an amount or everything that is left. If the outcome of an earlier refund of
        the order is unknown, the form can only resend that refund.
        """
        if len(rows) > 1:
            return RefundForm(data)
        (order,) = rows
        # A form that was submitted stays what it was, so that the same form is the same refund.
        is_resent = unknown_refund(order) is not None if data is None else "refund" in data
        return ResendForm(data, order=order) if is_resent else OneRefundForm(data, order=order)

    def is_available(self, order: Order) -> bool:
        """Return whether an amount of the order can still be refunded."""
        return bool(order.payment_intent_id) and amount_refundable(order) > 0

    def obstacle(self, order: Order) -> str:
        """Return a sentence if a dispute prevents refunds, or an empty string otherwise."""
        is_withheld = order.disputes.withholding().exists()
        return _("The payment is disputed, so Stripe refuses refunds.") if is_withheld else ""

    def reason_to_skip(self, order: Order) -> str:
        """Return why the order can't be refunded now. Return "" if it can.

        The reason is that the payment is disputed, or that the outcome of an earlier refund is
        unknown.
        """
        unknown = unknown_refund(order)
        return self.obstacle(order) or (describe_unknown(unknown) if unknown else "")

    def explain(self, order: Order) -> str:
        """Return the text that explains the refund.

        If the outcome of an earlier refund is unknown, the text says why no other refund is
        possible now, and whether that refund can be resent.
        """
        unknown = unknown_refund(order)
        return describe_unknown(unknown) if unknown else super().explain(order)

    def perform(self, order: Order, form: RefundForm, *, by: Cause) -> Outcome:
        """Refund the order with the form's values, and return the outcome."""
        arguments = form.refund_arguments(order)
        try:
            order = refund_order(order, by=by, **arguments)
        except PaymentError:
            # The response was lost, but a webhook may have recorded the refund.
            if not order.refunds.filter(key=arguments["key"], stripe_id__isnull=False).exists():
                raise
        refund = order.refunds.get(key=arguments["key"])
        params = {"amount": format_money(refund.amount, order.currency)}
        if refund.status in (Refund.Status.FAILED, Refund.Status.CANCELED):
            return Outcome(messages.ERROR, _("The refund of %(amount)s was not made.") % params)
        if refund.status == Refund.Status.SUCCEEDED:
            return Outcome(messages.SUCCESS, _("%(amount)s refunded.") % params)
        if refund.status == Refund.Status.REQUIRES_ACTION:
            text = _("%(amount)s: Stripe asks the shopper for bank details, by e-mail.")
        else:
            text = _("%(amount)s is on its way back to the shopper.")
        return Outcome(messages.SUCCESS, text % params)

    def error_message(self, error: StripeCartError) -> str:
        """Return a text for staff that says whether the shopper may have got money all the same."""
        if isinstance(error, PaymentRefused):
            reason = f" ({error.stripe_code})" if error.stripe_code else ""
            return _("Stripe declined the refund; no money was returned.") + reason
        if isinstance(error, PaymentError):
            return _(
                "It is not known yet whether the refund was made, because Stripe did not answer. A "
                "sync looks for it; if Stripe does not have it after about 15 minutes, it counts "
                "as not made and an issue is opened. Nothing is sent again unless you send this "
                "form again."
            )
        return super().error_message(error)
