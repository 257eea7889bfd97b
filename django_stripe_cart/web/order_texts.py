"""Texts and colors of an order's status and events, for the shopper."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_stripe_cart.models import Order, OrderEvent
from django_stripe_cart.money import format_money
from django_stripe_cart.web.order_refresh import RefreshSchedule

Status = Order.Status

STATUS_COLORS = {  # names of Bootstrap's theme colors; the other statuses are "secondary"
    Status.PENDING: "warning",
    Status.PROCESSING: "info",
    Status.PAID: "success",
    Status.FULFILLED: "success",
    Status.FAILED: "danger",
}

STATUS_TEXTS = {
    Status.PENDING: gettext_lazy("This order is not paid yet."),
    Status.PROCESSING: gettext_lazy(
        "Your payment is being processed. Depending on how you paid, this can take a few days."
    ),
    Status.PAID: gettext_lazy("Thank you. Your payment has been received."),
    Status.FULFILLED: gettext_lazy("Thank you. This order is complete."),
    Status.REFUNDED: gettext_lazy("Your payment was refunded."),
    Status.FAILED: gettext_lazy(
        "The payment did not go through, and you were not charged. "
        "You can place the same order again and choose another way to pay."
    ),
    Status.EXPIRED: gettext_lazy(
        "This order was not paid in time, and you were not charged. "
        "You can place the same order again."
    ),
    Status.CANCELED: gettext_lazy("This order was canceled, and you were not charged."),
}

EVENT_TEXTS = {  # by the status that an event led to
    Status.PENDING: gettext_lazy("Order placed"),
    Status.PROCESSING: gettext_lazy("Payment is being processed"),
    Status.PAID: gettext_lazy("Payment received"),
    Status.FULFILLED: gettext_lazy("Order completed"),
    Status.REFUNDED: gettext_lazy("Payment refunded"),
    Status.FAILED: gettext_lazy("Payment failed"),
    Status.EXPIRED: gettext_lazy("Not paid in time"),
    Status.CANCELED: gettext_lazy("Order canceled"),
}

REFUND_TEXTS = {  # by the kind of an event
    "refunded": gettext_lazy("%(amount)s refunded"),
    "refund_pending": gettext_lazy("Refund of %(amount)s is being processed"),
    "refund_waits": gettext_lazy(
        "Refund of %(amount)s waits for your bank details: please see Stripe's e-mail"
    ),
}


def status_color(status: str) -> str:
    """Return the name of the Bootstrap color for an order's status, such as ``success``."""
    return STATUS_COLORS.get(Status(status), "secondary")


def status_text(order: Order, refresh: RefreshSchedule | None, *, will_email: bool) -> str:
    """Return a sentence for the shopper about the order's status.

    ``refresh`` is None if the order's page does not refresh itself. Otherwise, the page refreshes
    itself until the payment is confirmed. ``will_email`` is whether the shopper gets an e-mail when
    the order is paid.
    """
    if refresh is not None:
        return _confirmation_text(refresh, will_email=will_email)
    if order.is_pending and order.cancel_requested_at:
        return _("This order is being canceled.")
    return str(STATUS_TEXTS[Status(order.status)])


def event_text(event: OrderEvent) -> str:
    """Return a text for the shopper about an event of the order, or "" if it is not shown."""
    if event.kind == "cancel_requested":
        return _("Cancellation requested")
    if event.kind in REFUND_TEXTS:
        amount = format_money(int(event.message), event.order.currency)
        return str(REFUND_TEXTS[event.kind]) % {"amount": amount}
    if not event.to_status or event.to_status == event.from_status:
        return ""
    if event.kind == "refund_undone":
        return _("A refund did not go through")
    return str(EVENT_TEXTS[Status(event.to_status)])


def _confirmation_text(refresh: RefreshSchedule, *, will_email: bool) -> str:
    """Return a sentence for the shopper who waits until the payment is confirmed."""
    if not refresh.is_over:
        return _(
            "Your payment is being confirmed. This takes a moment; you don't need to do anything."
        )
    if will_email:
        return _("Your payment is not confirmed yet. You may leave this page: we will e-mail you.")
    return _(
        "Your payment is not confirmed yet. "
        "You may leave this page: you will find the result under “My orders”."
    )
