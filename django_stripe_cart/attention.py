"""A person has looked: the order goes on, or its flag comes down."""

from __future__ import annotations

from django_stripe_cart import stock
from django_stripe_cart.database import in_transaction
from django_stripe_cart.models import Order
from django_stripe_cart.payments.apply import session as payment
from django_stripe_cart.payments.order_change import News
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, note

__all__ = ["settle_attention"]


@in_transaction
def settle_attention(order: Order, *, by: Cause = BY_STAFF) -> Order:
    """Take down the order's flag and return it freshly read.

    An order that is held in PROCESSING because of what arrived is accepted with it: it becomes
    PAID, and ``order_paid`` is sent; one whose payment is still clearing goes on waiting for that.
    Raises ``OutOfStock`` if its goods are no longer there: bring them back first, or refund it.
    """
    order = lock_order(order)
    news = News(order)
    if not order.attention:
        return order
    is_held = payment.is_held_for_a_person(order)
    # Another amount was always paid, also if it is nothing: a coupon may give all of it away.
    is_paid = order.amount_paid > 0 or order.attention == Order.Attention.AMOUNT_MISMATCH
    note(order, kind="attention_settled", by=by, message=order.attention)
    order.attention = ""
    if is_held:
        stock.take_again(order)
    if is_held and is_paid:
        payment.pay(order, by=by, news=news)
    return news.tell()
