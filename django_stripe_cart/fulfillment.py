"""Mark a paid order as fulfilled."""

from __future__ import annotations

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_stripe_cart.database import in_transaction
from django_stripe_cart.emails import queue_email
from django_stripe_cart.exceptions import ConfirmationNeeded, OrderError
from django_stripe_cart.models import Order, OrderEmail, OrderIssue, RefundItem
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.signals import order_fulfilled
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, transition

__all__ = ["fulfill_order", "reasons_to_wait"]

Reason = OrderIssue.Reason
ABOUT_THE_PAYMENT = (Reason.DISPUTED, Reason.REVIEW, Reason.EARLY_FRAUD_WARNING)


@in_transaction(durable=False)
def fulfill_order(order: Order, *, confirmed: bool = False, by: Cause = BY_STAFF) -> Order:
    """Mark a PAID order as FULFILLED, and return it freshly read.

    An order that is already FULFILLED does not change. A receiver of ``order_paid`` may call this
    function for goods that need no shipping. With ``confirmed``, the order is fulfilled even if
    there are ``reasons_to_wait``. ``by`` is written to the timeline.

    Sends ``order_fulfilled``. Raises ``OrderError`` if the order is not paid, and its subclass
    ``ConfirmationNeeded`` if there is a reason to wait.
    """
    order = lock_order(order)
    if order.status == Order.Status.FULFILLED:
        return order
    if order.status != Order.Status.PAID:
        raise OrderError(gettext_lazy("Only a paid order can be completed."))
    reasons = [] if confirmed else reasons_to_wait(order)
    if reasons:
        raise ConfirmationNeeded(" ".join(reasons))
    change = OrderChange(order, by=by)
    transition(order, lambda: order.mark_fulfilled(at=timezone.now()), kind="fulfilled", by=by)
    change.queue_signal(order_fulfilled)
    queue_email(order, OrderEmail.Kind.FULFILLED)
    return change.save_and_send()


def reasons_to_wait(order: Order) -> list[str]:
    """Return sentences that say why a person should look at the order before it is fulfilled.

    For example, the payment is disputed or under review, or items were refunded.
    """
    reasons = [
        f"{issue.get_reason_display()}."
        for issue in order.issues.open().filter(reason__in=ABOUT_THE_PAYMENT)
    ]
    if order.disputes.lost().exists():
        reasons.append(_("The payment was lost in a dispute."))
    rows = list(
        RefundItem.objects.filter(refund__order=order).select_related("refund", "order_item")
    )
    refunded = [row for row in rows if not row.refund.is_failed]
    # A refund can fail after its items came back.
    back = [row for row in rows if row.refund.is_failed and row.restocked]
    if refunded:
        reasons.append(_("Already refunded: %(items)s.") % {"items": _names(refunded)})
    if back:
        reasons.append(_("Back in stock: %(items)s.") % {"items": _names(back)})
    amount = order.refunds.active().aggregate(total=Sum("amount"))["total"] or 0
    if amount >= order.amount_paid > 0:
        reasons.append(_("All that was paid is being refunded."))
    return list(dict.fromkeys(reasons))


def _names(rows: list[RefundItem]) -> str:
    """Return the quantities and names of refunded items, separated by commas."""
    return ", ".join(f"{row.quantity} \u00d7 {row.order_item.name}" for row in rows)
