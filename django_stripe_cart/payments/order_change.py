"""Tell last: signals are kept until everything is saved, because a receiver may move the order."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from django_stripe_cart.models import Order


class News:
    """What becomes of a locked order, from here on."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._before = _read_columns(order)
        self._kept: list[tuple[Signal, dict[str, Any]]] = []

    def add(self, signal: Signal, **kwargs: Any) -> None:
        self._kept.append((signal, kwargs))

    def tell(self) -> Order:
        """Save what changed, send what was kept, and return the order as the receivers left it."""
        order = self._order
        now = _read_columns(order)
        order.save(update_fields=[name for name in now if now[name] != self._before[name]])
        was_heard = False
        for signal, kwargs in self._kept:
            was_heard |= bool(signal.send(sender=Order, order=order, **kwargs))
        return Order.objects.get(pk=order.pk) if was_heard else order


def _read_columns(order: Order) -> dict[str, Any]:
    return {field.attname: getattr(order, field.attname) for field in order._meta.concrete_fields}
