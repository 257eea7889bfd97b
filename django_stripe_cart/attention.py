"""Settle the issues of an order. An issue is something that staff must decide about the order."""

from __future__ import annotations

from django_stripe_cart import stock
from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Order, OrderIssue
from django_stripe_cart.models.states import HOLDS
from django_stripe_cart.payments.apply.restock import count_as_restocked
from django_stripe_cart.payments.apply.session import mark_order_paid, release_hold
from django_stripe_cart.payments.issues import close_issue
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order
from django_stripe_cart.timeline import note as add_note

__all__ = ["settle_issue"]

Reason = OrderIssue.Reason
CLOSED = (Order.Status.EXPIRED, Order.Status.CANCELED, Order.Status.FAILED, Order.Status.REFUNDED)


@in_transaction
def settle_issue(issue: OrderIssue, *, by: Cause = BY_STAFF, note: str = "") -> OrderIssue:
    """Mark an issue of an order as settled, and return the issue freshly read, with its order.

    Other issues stay open. If only this issue keeps the order from becoming PAID, the payment is
    accepted: the order becomes PAID now, or as soon as the money arrives. If the issue is that
    stock could not be returned, the stock counts as returned. An issue that is already settled does
    not change. ``note`` (str, up to 500 characters) says what was decided, and ``by`` says who
    decided it. Both are stored on the issue.

    Sends ``order_paid`` if the order becomes PAID. Raises ``OutOfStock`` if the order has given its
    stock back, and not enough stock is left. In this case, add stock first, or refund the order.
    """
    change = OrderChange(lock_order(issue.order), by=by)
    order = change.order
    issue = OrderIssue.objects.get(pk=issue.pk)
    if issue.is_open:
        close_issue(issue, settled_by=by.actor or by.source, text=note)
        add_note(order, kind="issue_settled", by=by, message=issue.reason, about=issue.about)
        _apply_decision(change, issue)
    issue.order = change.save_and_send()
    return issue


def _apply_decision(change: OrderChange, issue: OrderIssue) -> None:
    """Change the order as staff has decided by settling ``issue``.

    If only this issue keeps the order from becoming PAID, the payment is accepted. If the issue is
    that stock could not be returned, the items count as returned, because staff has counted them.
    """
    order = change.order
    if order.is_held and issue.reason in HOLDS and not issue.about:
        other = order.issues.open().filter(reason__in=HOLDS, about="").first()
        if other is not None:
            order.held_for = other.reason
            return
        # With AMOUNT_MISMATCH something was paid, even if it was 0 after a coupon.
        is_paid = order.amount_paid > 0 or issue.reason != Reason.PAID_WITHOUT_STOCK
        stock.take_again(order)
        release_hold(change)
        if is_paid:
            mark_order_paid(change)
    elif issue.reason == Reason.STOCK_NOT_RETURNED:
        # Staff has counted: nothing of it is given back a second time.
        count_as_restocked(order)
        if order.status in CLOSED:
            order.items.update(stock_taken=0)
