"""Apply Stripe's list of disputes to an order: its dispute status and its review flag."""

from __future__ import annotations

from collections.abc import Sequence

from django_stripe_cart.gateway import Dispute
from django_stripe_cart.models import Order
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.payments.snapshot import StaleSnapshot
from django_stripe_cart.signals import order_disputed
from django_stripe_cart.timeline import Cause, note

Attention = Order.Attention

# A dispute with one of these statuses needs no response any more
# (docs.stripe.com/api/disputes/object).
FINAL_STATUSES = frozenset({"won", "lost", "warning_closed", "prevented"})


def apply_disputes(
    order: Order, listed: Sequence[Dispute], *, before: str, by: Cause, change: OrderChange
) -> None:
    """Record the newest dispute's status, and flag the order while the dispute needs a response.

    ``listed`` is Stripe's list of the order's disputes, newest first. ``before`` is the order's
    dispute status before the list was requested. Queues ``order_disputed`` for the first dispute.
    Raises ``StaleSnapshot`` if another process has changed the dispute status since then.
    """
    status = listed[0].status[:40] if listed else ""
    if status == order.dispute_status:
        return
    if order.dispute_status != before:
        raise StaleSnapshot
    is_first = not order.dispute_status
    order.dispute_status = status
    note(order, kind="dispute", by=by, message=status)
    if status in FINAL_STATUSES or not status:
        if order.attention == Attention.DISPUTED:
            order.attention = ""
    else:
        order.attention = order.attention or Attention.DISPUTED
    if is_first:
        change.queue_signal(order_disputed)
