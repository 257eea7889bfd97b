"""Counting what was told: each delivery of ``order_paid`` leaves a line in the order's timeline."""

from __future__ import annotations

from typing import Any

from django_stripe_cart.models import Order
from django_stripe_cart.signals import order_paid
from django_stripe_cart.timeline import BY_SYSTEM, note

PAID_WAS_HEARD = "paid_was_heard"


def record_paid(sender: type[Order], order: Order, **kwargs: Any) -> None:
    """A receiver of ``order_paid`` that writes each delivery down.

    What is rolled back takes its record with it, so what stays was delivered in a committed
    transaction: counted across processes, on every database. Connect it where the app starts::

        order_paid.connect(record_paid)
    """
    note(order, kind=PAID_WAS_HEARD, by=BY_SYSTEM)


def start_recording() -> None:
    """Connect ``record_paid``; twice is once."""
    order_paid.connect(record_paid, dispatch_uid="stripe_cart.record_paid")


def stop_recording() -> None:
    order_paid.disconnect(dispatch_uid="stripe_cart.record_paid")


def times_heard(order: Order) -> int:
    """int, how often ``order_paid`` was delivered for this order."""
    return sum(entry.kind == PAID_WAS_HEARD for entry in order.events.all())
