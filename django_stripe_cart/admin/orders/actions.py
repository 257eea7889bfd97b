"""What staff can do to an order: each one verb, one permission and one page that asks first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from django_stripe_cart.admin.orders.forms import ConfirmForm, OneRefundForm, RefundForm
from django_stripe_cart.attention import settle_attention
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.emails import find_kind, send_again
from django_stripe_cart.exceptions import PaymentError, PaymentRefused, StripeCartError
from django_stripe_cart.facts.payment import is_held_for_a_person
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, Refund
from django_stripe_cart.money import format_money
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import amount_refundable, refund_order
from django_stripe_cart.timeline import Cause

Status = Order.Status

# docs.stripe.com/api/disputes/object: a bank has the money. An inquiry (warning_…) takes none.
KEEPS_THE_MONEY = frozenset(("needs_response", "under_review", "lost"))


@dataclass(frozen=True)
class Outcome:
    """What came of it, in a sentence for staff."""

    level: int
    text: str

    @property
    def is_good(self) -> bool:
        return self.level in (messages.SUCCESS, messages.INFO)


class Action:
    """``name`` is a part of its URL and of its permission, ``stripe_cart.NAME_order``."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    label_for_many: ClassVar[str | Promise]
    explanation: ClassVar[str | Promise]
    moves_money: ClassVar[bool] = False

    def form_class(self, orders: Sequence[Order]) -> type[ConfirmForm]:
        return ConfirmForm

    def suits(self, order: Order) -> bool:
        """Whether it is offered for the order as it stands. The verb has the last word."""
        raise NotImplementedError

    def objection(self, order: Order) -> str:
        """Why it would fail, though it suits: then the order is left out from among several."""
        return ""

    def explain(self, order: Order) -> str:
        return str(self.explanation)

    def run(self, order: Order, form: Any, *, by: Cause) -> Outcome:
        """Call the verb. What keeps it from being done is an outcome as well."""
        try:
            return self.do(order, form, by=by)
        except StripeCartError as error:
            return Outcome(messages.ERROR, self.say(order, self.excuse(error)))

    def do(self, order: Order, form: Any, *, by: Cause) -> Outcome:
        raise NotImplementedError

    def excuse(self, error: StripeCartError) -> str:
        code = getattr(error, "code", "")
        return f"{error} ({code})" if code else str(error)

    def say(self, order: Order, text: str) -> str:
        return _("Order %(number)s: %(text)s") % {"number": order.number, "text": text}


class RefundAction(Action):
    name = "refund"
    label = gettext_lazy("Refund")
    label_for_many = gettext_lazy("Refund what is left of selected orders")
    explanation = gettext_lazy(
        "The money goes back to the shopper, through Stripe. This can't be undone."
    )
    moves_money = True

    def form_class(self, orders: Sequence[Order]) -> type[ConfirmForm]:
        return OneRefundForm if len(orders) == 1 else RefundForm

    def suits(self, order: Order) -> bool:
        return bool(order.payment_intent_id) and amount_refundable(order) > 0

    def objection(self, order: Order) -> str:
        if order.dispute_status not in KEEPS_THE_MONEY:
            return ""
        return _("The payment is disputed, so Stripe refuses refunds.")

    def explain(self, order: Order) -> str:
        return " ".join(filter(None, (self.objection(order), super().explain(order))))

    def do(self, order: Order, form: RefundForm, *, by: Cause) -> Outcome:
        given = form.refund(order)
        try:
            order = refund_order(order, by=by, **given)
        except PaymentError:
            # Where the answer was lost, a webhook may have told us all the same.
            if not order.refunds.filter(key=given["key"], stripe_id__isnull=False).exists():
                raise
        return self.tell(order, order.refunds.get(key=given["key"]))

    def tell(self, order: Order, refund: Refund) -> Outcome:
        words = {"amount": format_money(refund.amount, order.currency)}
        if refund.status in (Refund.Status.FAILED, Refund.Status.CANCELED):
            text = _("The refund of %(amount)s was not made.") % words
            return Outcome(messages.ERROR, self.say(order, text))
        if refund.status == Refund.Status.SUCCEEDED:
            text = _("%(amount)s refunded.") % words
            return Outcome(messages.SUCCESS, self.say(order, text))
        text = _("%(amount)s is on its way back to the shopper.") % words
        return Outcome(messages.SUCCESS, self.say(order, text))

    def excuse(self, error: StripeCartError) -> str:
        if isinstance(error, PaymentRefused):
            reason = f" ({error.code})" if error.code else ""
            return _("Stripe refused; nothing was sent back.") + reason
        if isinstance(error, PaymentError):
            return _(
                "Stripe did not answer, so it is not known whether the refund was made. Its amount "
                "stays reserved; sync the order in a moment to find out."
            )
        return super().excuse(error)


class FulfillAction(Action):
    name = "fulfill"
    label = gettext_lazy("Fulfill")
    label_for_many = gettext_lazy("Fulfill selected orders")
    explanation = gettext_lazy("The goods have gone out: the shopper sees the order as completed.")

    def suits(self, order: Order) -> bool:
        return bool(order.status == Status.PAID)

    def do(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = fulfill_order(order, by=by)
        return Outcome(messages.SUCCESS, self.say(order, _("fulfilled.")))


class CancelAction(Action):
    name = "cancel"
    label = pgettext_lazy("order", "Cancel")
    label_for_many = gettext_lazy("Cancel selected orders")
    explanation = gettext_lazy(
        "The payment page is closed at Stripe, and the stock is given back. If the shopper has "
        "paid in the meantime, the order is paid, and stays."
    )

    def suits(self, order: Order) -> bool:
        return order.is_pending

    def do(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = cancel_order(order, by=by)
        if order.status == Status.CANCELED:
            return Outcome(messages.SUCCESS, self.say(order, _("canceled.")))
        words = {"status": order.get_status_display()}
        text = _("not canceled, as it is “%(status)s”.") % words
        return Outcome(messages.WARNING, self.say(order, text))


class SettleAction(Action):
    name = "settle"
    label = gettext_lazy("Settle")
    label_for_many = gettext_lazy("Settle selected orders")
    explanation = gettext_lazy("You have looked at it: the order's flag comes down.")

    def suits(self, order: Order) -> bool:
        return bool(order.attention)

    def explain(self, order: Order) -> str:
        if is_held_for_a_person(order):
            return _(
                "The order is accepted with what arrived, and becomes paid. To send the money back "
                "instead, refund it."
            )
        return super().explain(order)

    def do(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = settle_attention(order, by=by)
        words = {"status": order.get_status_display()}
        text = _("settled; it is “%(status)s”.") % words
        return Outcome(messages.SUCCESS, self.say(order, text))


class SyncAction(Action):
    name = "sync"
    label = gettext_lazy("Sync now")
    label_for_many = gettext_lazy("Sync selected orders")
    explanation = gettext_lazy("Stripe is asked how the payment stands, as a webhook would do it.")

    def suits(self, order: Order) -> bool:
        return order.session_id is not None or order.is_pending

    def do(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = sync_order(order, by=by)
        words = {"status": order.get_status_display()}
        text = _("up to date; it is “%(status)s”.") % words
        return Outcome(messages.SUCCESS, self.say(order, text))


class EmailAction(Action):
    name = "email"
    label = gettext_lazy("E-mail again")
    label_for_many = gettext_lazy("Send the e-mail of selected orders again")
    explanation = gettext_lazy("The e-mail that tells how the order stands is sent once more.")

    def suits(self, order: Order) -> bool:
        return bool(order.email and find_kind(order))

    def do(self, order: Order, form: ConfirmForm, *, by: Cause) -> Outcome:
        order = send_again(order, by=by)
        text = _("sent to %(email)s.") % {"email": order.email}
        return Outcome(messages.SUCCESS, self.say(order, text))


ACTIONS: tuple[Action, ...] = (
    RefundAction(),
    FulfillAction(),
    CancelAction(),
    SettleAction(),
    SyncAction(),
    EmailAction(),
)
