"""Actions of staff on orders, each with a permission and a page that asks for confirmation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


@dataclass(frozen=True)
class Outcome:
    """The result of an action: a message level, and a sentence for staff."""

    level: int
    text: str

    @property
    def is_good(self) -> bool:
        """Return whether the action succeeded."""
        return self.level in (messages.SUCCESS, messages.INFO)


class Action:
    """An action on an order. ``name`` is part of its URL and of its permission.

    The permission is ``stripe_cart.NAME_order``. Most actions call ``change`` with the order, and
    then show ``success_text``; others override ``perform``.
    """

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    label_for_many: ClassVar[str | Promise]
    explanation: ClassVar[str | Promise]
    success_text: ClassVar[str | Promise]
    change: ClassVar[Callable[..., Order]]
    moves_money: ClassVar[bool] = False

    def form_class(self, orders: Sequence[Order]) -> type[ConfirmForm]:
        """Return the class of the form that confirms the action."""
        return ConfirmForm

    def is_available(self, order: Order) -> bool:
        """Return whether to offer the action for the order, judging by its current status."""
        raise NotImplementedError

    def reason_to_skip(self, order: Order) -> str:
        """Return why Stripe would refuse the action, or "". A batch leaves such orders out."""
        return ""

    def explain(self, order: Order) -> str:
        """Return the explanation that is shown before the action is confirmed for one order."""
        return str(self.explanation)

    def run(self, order: Order, form: Any, *, by: Cause) -> Outcome:
        """Perform the action on the order, and return the outcome, also if it failed."""
        try:
            return self.perform(order, form, by=by)
        except StripeCartError as error:
            return Outcome(messages.ERROR, self.error_message(error))

    def perform(self, order: Order, form: Any, *, by: Cause) -> Outcome:
        """Perform the action on the order. Raises ``StripeCartError`` if it can't be done."""
        return self.report(self.change(order, by=by))

    def report(self, order: Order) -> Outcome:
        """Return the outcome for the order that ``change`` returned."""
        values = {"status": order.get_status_display(), "email": order.email}
        return Outcome(messages.SUCCESS, str(self.success_text) % values)

    def error_message(self, error: StripeCartError) -> str:
        """Return the message for staff, with Stripe's error code if there is one."""
        code = getattr(error, "stripe_code", "")
        return f"{error} ({code})" if code else str(error)


class RefundAction(Action):
    """The action that refunds orders through Stripe: a part of one order, or all of several."""

    name = "refund"
    label = gettext_lazy("Refund")
    label_for_many = gettext_lazy("Refund the remaining amount of selected orders")
    explanation = gettext_lazy("The shopper is refunded through Stripe. This can't be undone.")
    moves_money = True

    def form_class(self, orders: Sequence[Order]) -> type[ConfirmForm]:
        """Return the form for a part of one order, or for all of several orders."""
        return OneRefundForm if len(orders) == 1 else RefundForm

    def is_available(self, order: Order) -> bool:
        """Return whether an amount of the order can still be refunded."""
        return bool(order.payment_intent_id) and amount_refundable(order) > 0

    def reason_to_skip(self, order: Order) -> str:
        """Return that the payment is disputed, or an empty string."""
        is_withheld = order.disputes.withholding().exists()
        return _("The payment is disputed, so Stripe refuses refunds.") if is_withheld else ""

    def explain(self, order: Order) -> str:
        """Return the explanation, preceded by the reason why Stripe would refuse a refund."""
        return " ".join(filter(None, (self.reason_to_skip(order), super().explain(order))))

    def perform(self, order: Order, form: RefundForm, *, by: Cause) -> Outcome:
        """Refund the order as the form says, and return the outcome."""
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
        text = _("%(amount)s is on its way back to the shopper.")
        return Outcome(messages.SUCCESS, text % params)

    def error_message(self, error: StripeCartError) -> str:
        """Return a message that says whether money may have been returned."""
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
    """The action that marks paid orders as completed."""

    name = "fulfill"
    label = gettext_lazy("Mark as completed")
    label_for_many = gettext_lazy("Mark selected orders as completed")
    explanation = gettext_lazy(
        "Use this when everything has been sent or made available. The shopper then sees the "
        "order as completed."
    )
    success_text = gettext_lazy("completed.")
    change = staticmethod(fulfill_order)

    def is_available(self, order: Order) -> bool:
        """Return whether the order is paid and not completed yet."""
        return bool(order.status == Order.Status.PAID)


class CancelAction(Action):
    """The action that cancels unpaid orders."""

    name = "cancel"
    label = pgettext_lazy("order", "Cancel")
    label_for_many = gettext_lazy("Cancel selected orders")
    explanation = gettext_lazy(
        "Closes the payment page at Stripe and releases the stock. If the shopper has paid in the "
        "meantime, the order becomes paid instead."
    )
    success_text = gettext_lazy("canceled.")
    change = staticmethod(cancel_order)

    def is_available(self, order: Order) -> bool:
        """Return whether the order is not paid yet, and still open."""
        return order.is_pending

    def report(self, order: Order) -> Outcome:
        """Return the outcome; the order may have been paid instead of canceled."""
        if order.status == Order.Status.CANCELED:
            return super().report(order)
        text = _("not canceled, because its status is “%(status)s”.")
        return Outcome(messages.WARNING, text % {"status": order.get_status_display()})


def _settle_all(order: Order, *, by: Cause) -> Order:
    """Settle the open issues of the order."""
    for issue in order.open_issues:
        order = settle_issue(issue, by=by).order
    return order


class SettleAction(Action):
    """The action that marks orders as reviewed, and accepts payments that are held for review."""

    name = "settle"
    label = gettext_lazy("Mark as reviewed")
    label_for_many = gettext_lazy("Mark selected orders as reviewed")
    explanation = gettext_lazy("Clears the order's review flag.")
    success_text = gettext_lazy("reviewed; its status is “%(status)s”.")
    change = staticmethod(_settle_all)

    def is_available(self, order: Order) -> bool:
        """Return whether the order has open issues."""
        return bool(order.open_issues)

    def explain(self, order: Order) -> str:
        """Return the explanation: if the payment is held, it is accepted."""
        if order.is_held:
            return _(
                "Accepts the amount that was paid and marks the order as paid. To return the money "
                "instead, refund the order."
            )
        return super().explain(order)


class SyncAction(Action):
    """The action that syncs orders with Stripe."""

    name = "sync"
    label = gettext_lazy("Sync now")
    label_for_many = gettext_lazy("Sync selected orders")
    explanation = gettext_lazy("Asks Stripe for the payment's current status, as a webhook would.")
    success_text = gettext_lazy("up to date; its status is “%(status)s”.")
    change = staticmethod(sync_order)

    def is_available(self, order: Order) -> bool:
        """Return whether the order has a payment page at Stripe, or is not paid yet."""
        return order.session_id is not None or order.is_pending


class EmailAction(Action):
    """The action that sends the e-mail about an order's status again."""

    name = "email"
    label = gettext_lazy("Resend e-mail")
    label_for_many = gettext_lazy("Resend the e-mail of selected orders")
    explanation = gettext_lazy("Sends the e-mail about the order's status again.")
    success_text = gettext_lazy("sent to %(email)s.")
    change = staticmethod(resend_email)

    def is_available(self, order: Order) -> bool:
        """Return whether there is an e-mail about the order's status, and an address."""
        return bool(order.email and email_kind(order))


ACTIONS: tuple[Action, ...] = (
    RefundAction(),
    FulfillAction(),
    CancelAction(),
    SettleAction(),
    SyncAction(),
    EmailAction(),
)
