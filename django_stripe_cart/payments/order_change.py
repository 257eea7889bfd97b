"""Save what changed on a locked order, then send the signals about it."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from django_stripe_cart.models import Order


class OrderChange:
    """The changes made to a locked order from here on, and the signals that announce them.

    Signals are sent after the save, because a receiver may change the order: saving after it would
    overwrite that change.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._before = _read_columns(order)
        self._signals: list[tuple[Signal, dict[str, Any]]] = []

    def queue_signal(self, signal: Signal, **kwargs: Any) -> None:
        """Send ``signal`` after the save, with ``order`` and ``kwargs`` as its arguments."""
        self._signals.append((signal, kwargs))

    def save_and_send(self) -> Order:
        """Save the changed columns, send the queued signals and return the order.

        The order is read again if a signal had receivers, so it is as they left it. Any exception
        of a receiver is raised, and rolls the caller's transaction back.
        """
        order = self._order
        order.save(update_fields=_changed_columns(self._before, _read_columns(order)))
        had_receivers = False
        for signal, kwargs in self._signals:
            had_receivers |= bool(signal.send(sender=Order, order=order, **kwargs))
        return Order.objects.get(pk=order.pk) if had_receivers else order


def _read_columns(order: Order) -> dict[str, Any]:
    return {field.attname: getattr(order, field.attname) for field in order._meta.concrete_fields}


def _changed_columns(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [name for name in now if now[name] != before[name]]
