"""Resolve the review flag of an order."""

from __future__ import annotations

from django_stripe_cart import stock
from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Order
from django_stripe_cart.payments.apply.session import is_held_for_review, mark_order_paid
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, note

__all__ = ["settle_attention"]


@in_transaction
def settle_attention(order: Order, *, by: Cause = BY_STAFF) -> Order:
    """Clear the review flag of ``order`` and return the order freshly read.

    If the flag kept a received payment from being accepted, the order becomes PAID. If the payment
    has not arrived yet, the order stays PROCESSING. An order without a flag does not change.
    ``by`` is written to the timeline.

    Sends ``order_paid`` if the order becomes PAID. Raises ``OutOfStock`` if the order's stock was
    given back and too little is left: add stock first, or refund the order.
    """
    order = lock_order(order)
    change = OrderChange(order)
    if not order.attention:
        return order
    is_held = is_held_for_review(order)
    # With AMOUNT_MISMATCH something was paid, even if it was 0 after a coupon.
    is_paid = order.amount_paid > 0 or order.attention == Order.Attention.AMOUNT_MISMATCH
    note(order, kind="attention_settled", by=by, message=order.attention)
    order.attention = ""
    if is_held:
        stock.take_missing(order)
    if is_held and is_paid:
        mark_order_paid(order, by=by, change=change)
    return change.save_and_send()
