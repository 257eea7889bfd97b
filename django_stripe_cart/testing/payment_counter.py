"""Count how often the signal ``order_paid`` is received, by entries in the order's timeline."""

from __future__ import annotations

from typing import Any

from django_stripe_cart.models import Order
from django_stripe_cart.signals import order_paid
from django_stripe_cart.timeline import BY_SYSTEM, note

ORDER_PAID_RECEIVED = "order_paid_received"


def _count_payment(sender: type[Order], order: Order, **kwargs: Any) -> None:
    """Record in the order's timeline that ``order_paid`` was received.

    The timeline is in the database. So the signals of all processes are counted together, and a
    signal in a transaction that is rolled back is not counted.
    """
    note(order, kind=ORDER_PAID_RECEIVED, by=BY_SYSTEM)


def start_counting() -> None:
    """Count the ``order_paid`` signals that are received in this process from now on.

    Call it in each process, e.g. in ``AppConfig.ready``. A second call does nothing.
    """
    order_paid.connect(_count_payment, dispatch_uid="stripe_cart.count_payment")


def stop_counting() -> None:
    """Stop counting the ``order_paid`` signals in this process."""
    order_paid.disconnect(dispatch_uid="stripe_cart.count_payment")


def times_received(order: Order) -> int:
    """Return how often ``order_paid`` was received for an order in the counting processes."""
    return sum(entry.kind == ORDER_PAID_RECEIVED for entry in order.events.all())
