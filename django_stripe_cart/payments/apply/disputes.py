"""What a dispute makes of an order: a fact beside its state, and a reason to look at it."""

from __future__ import annotations

from collections.abc import Sequence

from django_stripe_cart.gateway import Dispute
from django_stripe_cart.models import Order
from django_stripe_cart.payments.order_change import News
from django_stripe_cart.payments.snapshot import Known, Overtaken
from django_stripe_cart.signals import order_disputed
from django_stripe_cart.timeline import Cause, note

Attention = Order.Attention

# docs.stripe.com/api/disputes/object: after these nobody has anything to do any more.
OVER = frozenset({"won", "lost", "warning_closed", "prevented"})


def apply(order: Order, seen: Sequence[Dispute], *, known: Known, by: Cause, news: News) -> None:
    """Write down how the newest dispute stands, if that changed."""
    status = seen[0].status[:40] if seen else ""
    if status == order.dispute_status:
        return
    if order.dispute_status != known.dispute:
        raise Overtaken
    is_first = not order.dispute_status
    order.dispute_status = status
    note(order, kind="dispute", by=by, message=status)
    if status in OVER or not status:
        if order.attention == Attention.DISPUTED:
            order.attention = ""
    else:
        order.attention = order.attention or Attention.DISPUTED
    if is_first:
        news.add(order_disputed)
