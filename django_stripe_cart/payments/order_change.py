"""Save the changed columns of a locked order, then send signals."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from django_stripe_cart.models import Order
from django_stripe_cart.timeline import Cause


class OrderChange:
    """Changes to a locked order, and the signals about them that are sent after the order is saved.

    The order is compared with its values at the time of ``OrderChange(order)``. The save comes
    first, so that it can't overwrite the changes of a receiver.
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
        """Save the changed columns of the order, send the queued signals and return the order.

        The order is read again if a signal had receivers, because they may have changed it. An
        exception of a receiver is raised, and rolls back the caller's transaction.
        """
        order = self.order
        order.save(update_fields=_changed_columns(self._before, _read_columns(order)))
        had_receivers = False
        for signal, kwargs in self._signals:
            had_receivers |= bool(signal.send(sender=Order, order=order, **kwargs))
        return Order.objects.get(pk=order.pk) if had_receivers else order


def _read_columns(order: Order) -> dict[str, Any]:
    """Return a dict of the order's column names to their values."""
    return {field.attname: getattr(order, field.attname) for field in order._meta.concrete_fields}


def _changed_columns(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return the names of the columns whose values differ."""
    return [name for name in now if now[name] != before[name]]
