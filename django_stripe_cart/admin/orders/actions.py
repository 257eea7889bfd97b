"""Actions of staff on orders, each with a permission and a page that asks for confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from django_stripe_cart.admin.orders.forms import ConfirmForm, OneRefundForm, RefundForm
from django_stripe_cart.attention import settle_issue
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.emails import email_kind, resend_email
from django_stripe_cart.exceptions import PaymentError, PaymentRefused, StripeCartError
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, Refund
from django_stripe_cart.money import format_money
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import amount_refundable, refund_order
from django_stripe_cart.timeline import Cause

Status = Order.Status


@dataclass(frozen=True)
class Outcome:
    """The result of an action: a message level, and a sentence for staff."""

    level: int
    text: str

    @property
    def is_good(self) -> bool:
        return self.level in (messages.SUCCESS, messages.INFO)


class Action:
    """An action on an order. ``name`` is part of its URL and of its permission.

    The permission is ``stripe_cart.NAME_order``.
    """

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    label_for_many: ClassVar[str | Promise]
    explanation: ClassVar[str | Promise]
    moves_money: ClassVar[bool] = False

    def form_class(self, orders: Sequence[Order]) -> type[ConfirmForm]:
        return ConfirmForm

    def is_available(self, order: Order) -> bool:
        """Whether the action is offered for the order. ``perform`` decides under the lock."""
        raise NotImplementedError

    def reason_to_skip(self, order: Order) -> str:
        """Why the action would fail although it is offered. Such orders are left out of a batch."""
        return ""

    def explain(self, order: Order) -> str:
        """Return the explanation shown for one order."""
        return str(self.explanation)

    def run(self, order: Order, form: Any, *, by: Cause) -> Outcome:
        """Perform the action on the order, and return the outcome; errors become outcomes too."""
        try:
            return self.perform(order, form, by=by)
        except StripeCartError as error:
            return Outcome(messages.ERROR, self.prefix_number(order, self.error_message(error)))

    def perform(self, order: Order, form: Any, *, by: Cause) -> Outcome:
        """Perform the action. Raises ``StripeCartError`` if it can't be done."""
        raise NotImplementedError

    def error_message(self, error: StripeCartError) -> str:
        """Return the message for staff, with Stripe's error code if there is one."""
        code = getattr(error, "stripe_code", "")
        return f"{error} ({code})" if code else str(error)

    def prefix_number(self, order: Order, text: str) -> str:
        """Return ``text`` preceded by the order's number."""
        return _("Order %(number)s: %(text)s") % {"number": order.number, "text": text}


class RefundAction(Action):
    name = "refund"
    label = gettext_lazy("Refund")
    label_for_many = gettext_lazy("Refund the remaining amount of selected orders")
    explanation = gettext_lazy("The shopper is refunded through Stripe. This can't be undone.")
    moves_money = True

    def form_class(self, orders: Sequence[Order]) -> type[ConfirmForm]:
        return OneRefundForm if len(orders) == 1 else RefundForm

    def is_available(self, order: Order) -> bool:
        return bool(order.payment_intent_id) and amount_refundable(order) > 0

    def reason_to_skip(self, order: Order) -> str:
        if not order.disputes.withholding().exists():
            return ""
        return _("The payment is disputed, so Stripe refuses refunds.")

    def explain(self, order: Order) -> str:
        return " ".join(filter(None, (self.reason_to_skip(order), super().explain(order))))

    def perform(self, order: Order, form: RefundForm, *, by: Cause) -> Outcome:
        arguments = form.refund_arguments(order)
        try:
            order = refund_order(order, by=by, **arguments)
        except PaymentError:
            # The response was lost, but a webhook may have recorded the refund.
            if not order.refunds.filter(key=arguments["key"], stripe_id__isnull=False).exists():
                raise
        return self.report(order, order.refunds.get(key=arguments["key"]))

    def report(self, order: Order, refund: Refund) -> Outcome:
        params = {"amount": format_money(refund.amount, order.currency)}
        if refund.status in (Refund.Status.FAILED, Refund.Status.CANCELED):
            text = _("The refund of %(amount)s was not made.") % params
            return Outcome(messages.ERROR, self.prefix_number(order, text))
        if refund.status == Refund.Status.SUCCEEDED:
            text = _("%(amount)s refunded.") % params
            return Outcome(messages.SUCCESS, self.prefix_number(order, text))
        text = _("%(amount)s is on its way back to the shopper.") % params
        return Outcome(messages.SUCCESS, self.prefix_number(order, text))

    def error_message(self, error: StripeCartError) -> str:
        if isinstance(error, PaymentRefused):
            reason = f" ({error.stripe_code})" if error.stripe_code else ""
            return _("Stripe declined the refund; no money was returned.") + reason
        if isinstance(error, PaymentError):
            return _(
                "Stripe did not respond, so it is not yet known whether the refund was made. Its "
                "amount stays reserved; sync the order in a moment to find out."
            )
        return super().error_message(error)


class FulfillAction(Action):
    name = "fulfill"
    label = gettext_lazy("Mark as completed")
    label_for_many = gettext_lazy("Mark selected orders as completed")
    explanation = gettext_lazy(
        "Use this when everything has been sent or made available. The shopper then sees the "
        "order as completed."
    )

    def is_available(self, order: Order) -> bool:
        return bool(order.status == Status.PAID)

    def perform(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = fulfill_order(order, by=by)
        return Outcome(messages.SUCCESS, self.prefix_number(order, _("completed.")))


class CancelAction(Action):
    name = "cancel"
    label = pgettext_lazy("order", "Cancel")
    label_for_many = gettext_lazy("Cancel selected orders")
    explanation = gettext_lazy(
        "Closes the payment page at Stripe and releases the stock. If the shopper has paid in the "
        "meantime, the order becomes paid instead."
    )

    def is_available(self, order: Order) -> bool:
        return order.is_pending

    def perform(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = cancel_order(order, by=by)
        if order.status == Status.CANCELED:
            return Outcome(messages.SUCCESS, self.prefix_number(order, _("canceled.")))
        params = {"status": order.get_status_display()}
        text = _("not canceled, because its status is “%(status)s”.") % params
        return Outcome(messages.WARNING, self.prefix_number(order, text))


class SettleAction(Action):
    name = "settle"
    label = gettext_lazy("Mark as reviewed")
    label_for_many = gettext_lazy("Mark selected orders as reviewed")
    explanation = gettext_lazy("Clears the order's review flag.")

    def is_available(self, order: Order) -> bool:
        return bool(order.open_issues)

    def explain(self, order: Order) -> str:
        if order.is_held:
            return _(
                "Accepts the amount that was paid and marks the order as paid. To return the money "
                "instead, refund the order."
            )
        return super().explain(order)

    def perform(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        for issue in order.open_issues:
            order = settle_issue(issue, by=by).order
        params = {"status": order.get_status_display()}
        text = _("reviewed; its status is “%(status)s”.") % params
        return Outcome(messages.SUCCESS, self.prefix_number(order, text))


class SyncAction(Action):
    name = "sync"
    label = gettext_lazy("Sync now")
    label_for_many = gettext_lazy("Sync selected orders")
    explanation = gettext_lazy("Asks Stripe for the payment's current status, as a webhook would.")

    def is_available(self, order: Order) -> bool:
        return order.session_id is not None or order.is_pending

    def perform(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = sync_order(order, by=by)
        params = {"status": order.get_status_display()}
        text = _("up to date; its status is “%(status)s”.") % params
        return Outcome(messages.SUCCESS, self.prefix_number(order, text))


class EmailAction(Action):
    name = "email"
    label = gettext_lazy("Resend e-mail")
    label_for_many = gettext_lazy("Resend the e-mail of selected orders")
    explanation = gettext_lazy("Sends the e-mail about the order's status again.")

    def is_available(self, order: Order) -> bool:
        return bool(order.email and email_kind(order))

    def perform(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = resend_email(order, by=by)
        text = _("sent to %(email)s.") % {"email": order.email}
        return Outcome(messages.SUCCESS, self.prefix_number(order, text))


ACTIONS: tuple[Action, ...] = (
    RefundAction(),
    FulfillAction(),
    CancelAction(),
    SettleAction(),
    SyncAction(),
    EmailAction(),
)
