"""Save the changed columns of a locked order, then send signals."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from django_stripe_cart.models import Order
from django_stripe_cart.timeline import Cause


class OrderChange:
    """Changes to a locked order, and the signals to send after the order is saved.

    ``OrderChange(order, by=cause)`` remembers the values of the order. ``save_and_send()`` saves
    the columns whose values have changed since then. The order is saved before the signals are
    sent, so the save can't overwrite what a receiver changes.
    """

    def __init__(self, order: Order, *, by: Cause) -> None:
        self.order = order
        self.by = by
        self._before = _read_columns(order)
        self._signals: list[tuple[Signal, dict[str, Any]]] = []

    def queue_signal(self, signal: Signal, **kwargs: Any) -> None:
        """Queue ``signal``, to be sent with ``order`` and ``kwargs`` after the order is saved."""
        self._signals.append((signal, kwargs))

    def save_and_send(self) -> Order:
        """Save the changed columns of the order, send the queued signals, and return the order.

        If a signal had receivers, the order is read again, because a receiver may have changed it.
        An exception that a receiver raises is not caught, so it rolls back the caller's
        transaction.
        """
        order = self.order
        order.save(update_fields=_changed_columns(self._before, _read_columns(order)))
        had_receivers = False
        for signal, kwargs in self._signals:
            had_receivers |= bool(signal.send(sender=Order, order=order, **kwargs))
        return Order.objects.get(pk=order.pk) if had_receivers else order


def _read_columns(order: Order) -> dict[str, Any]:
    """Return the values of the order's columns, as a dict with the column names as keys."""
    return {field.attname: getattr(order, field.attname) for field in order._meta.concrete_fields}


def _changed_columns(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return the names of the columns whose values differ."""
    return [name for name in now if now[name] != before[name]]
