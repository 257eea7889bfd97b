"""The actions that staff run on orders.

``ACTIONS`` has them in the sequence in which pages show them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from django_stripe_cart.admin.actions.action import Outcome
from django_stripe_cart.admin.orders.forms import FulfillForm
from django_stripe_cart.admin.orders.order_action import OrderAction
from django_stripe_cart.admin.orders.refund_action import RefundAction
from django_stripe_cart.admin.orders.settle_action import SettleAction
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.emails import email_kind, resend_email
from django_stripe_cart.fulfillment import fulfill_order, reasons_to_wait
from django_stripe_cart.models import Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.timeline import Cause


class FulfillAction(OrderAction):
    """The action that marks paid orders as completed, by setting their status to FULFILLED."""

    name = "fulfill"
    label = gettext_lazy("Mark as completed")
    label_for_many = gettext_lazy("Mark selected orders as completed")
    explanation = gettext_lazy(
        "Use this when everything has been sent or made available. The shopper then sees the "
        "order as completed."
    )
    success_text = gettext_lazy("completed.")
    is_next_step = True

    def make_form(
        self,
        rows: Sequence[Order],
        *,
        query: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> FulfillForm:
        """Return the form that completes the orders.

        If there are reasons to wait, such as a dispute, the form shows them and asks the user to
        confirm.
        """
        return FulfillForm(data, orders=rows)

    def is_available(self, order: Order) -> bool:
        """Return whether the order is paid and not completed yet."""
        return bool(order.status == Order.Status.PAID)

    def reason_to_skip(self, order: Order) -> str:
        """Return why staff should look at the order before they complete it.

        Return an empty string if there is no reason to wait.
        """
        return " ".join(reasons_to_wait(order))

    def perform(self, order: Order, form: FulfillForm, *, by: Cause) -> Outcome:
        """Mark the order as completed.

        If the user has ticked the confirmation in the form, reasons to wait are ignored.
        """
        return self.report(fulfill_order(order, confirmed=form.is_confirmed, by=by))


class CancelAction(OrderAction):
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
        """Return whether the order is still awaiting its payment."""
        return order.is_pending

    def report(self, order: Order) -> Outcome:
        """Return the outcome.

        The outcome is a warning if the order has another status than CANCELED. For example, the
        order may have been paid before it could be canceled.
        """
        if order.status == Order.Status.CANCELED:
            return super().report(order)
        text = _("not canceled, because its status is “%(status)s”.")
        return Outcome(messages.WARNING, text % {"status": order.get_status_display()})


class SyncAction(OrderAction):
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


class EmailAction(OrderAction):
    """The action that resends the e-mail about an order's status."""

    name = "email"
    label = gettext_lazy("Resend e-mail")
    label_for_many = gettext_lazy("Resend the e-mail of selected orders")
    explanation = gettext_lazy("Sends the e-mail about the order's status again.")
    success_text = gettext_lazy("sent to %(email)s.")
    change = staticmethod(resend_email)

    def is_available(self, order: Order) -> bool:
        """Return whether the order has an e-mail address, and whether its status has an e-mail."""
        return bool(order.email and email_kind(order))


ACTIONS: tuple[OrderAction, ...] = (
    FulfillAction(),
    RefundAction(),
    CancelAction(),
    SettleAction(),
    SyncAction(),
    EmailAction(),
)
