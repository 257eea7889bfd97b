"""Count in an order's timeline how often the signal ``order_paid`` was received."""

from __future__ import annotations

from typing import Any

from django_stripe_cart.models import Order
from django_stripe_cart.signals import order_paid
from django_stripe_cart.timeline import BY_SYSTEM, note

ORDER_PAID_RECEIVED = "order_paid_received"


def count_payment(sender: type[Order], order: Order, **kwargs: Any) -> None:
    """Record in the order's timeline that ``order_paid`` was received.

    A rollback removes the entry, so that only signals in committed transactions are counted, across
    processes and on every database. Connect it in each process, e.g. in ``AppConfig.ready``::

        order_paid.connect(count_payment)
    """
    note(order, kind=ORDER_PAID_RECEIVED, by=BY_SYSTEM)


def start_counting() -> None:
    """Connect ``count_payment`` to ``order_paid``; repeating it has no effect."""
    order_paid.connect(count_payment, dispatch_uid="stripe_cart.count_payment")


def stop_counting() -> None:
    """Disconnect ``count_payment`` from ``order_paid``."""
    order_paid.disconnect(dispatch_uid="stripe_cart.count_payment")


def times_received(order: Order) -> int:
    """Return how often ``order_paid`` was received for an order."""
    return sum(entry.kind == ORDER_PAID_RECEIVED for entry in order.events.all())
