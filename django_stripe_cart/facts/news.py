"""Tell last: signals are kept until everything is saved, because a receiver may move the order."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from django_stripe_cart.models import Order


class News:
    def __init__(self) -> None:
        self._kept: list[tuple[Signal, dict[str, Any]]] = []

    def add(self, signal: Signal, **kwargs: Any) -> None:
        self._kept.append((signal, kwargs))

    def tell(self, order: Order) -> Order:
        """Save ``order``, send what was kept, and return the order as the receivers left it."""
        order.save()
        was_heard = False
        for signal, kwargs in self._kept:
            was_heard |= bool(signal.send(sender=Order, order=order, **kwargs))
        return Order.objects.get(pk=order.pk) if was_heard else order
