"""Lock an order before a change, and add the change to the order's timeline."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django_stripe_cart.database import lock, lock_without_reading
from django_stripe_cart.models import Cart, Order, OrderEvent


@dataclass(frozen=True, slots=True)
class Cause:
    """Cause of a change, as it is shown on an order's timeline.

    ``source`` is one of ``OrderEvent.Source``, and ``actor`` is the name of a member of staff.
    """

    source: str
    actor: str = ""
    stripe_event_id: str = ""


BY_SHOPPER = Cause(OrderEvent.Source.SHOPPER)
BY_STAFF = Cause(OrderEvent.Source.STAFF)
BY_SYNC = Cause(OrderEvent.Source.SYNC)
BY_SYSTEM = Cause(OrderEvent.Source.SYSTEM)


def lock_order(order: Order) -> Order:
    """Lock the cart of ``order``, then the order, and return the order freshly read."""
    # A cart is deleted with its user, but the orders are kept.
    with suppress(Cart.DoesNotExist):
        if order.cart_id is not None:
            lock_without_reading(Cart, order.cart_id)
    return lock(Order, order.pk)


def transition(
    order: Order, change: Callable[[], None], *, kind: str, by: Cause, message: str = ""
) -> None:
    """Call ``change``, a function that changes the status of the locked ``order``.

    The change is added to the order's timeline.
    """
    before = order.status
    change()
    note(order, kind=kind, by=by, message=message, from_status=before, to_status=order.status)


def note(
    order: Order,
    *,
    kind: str,
    by: Cause,
    message: str = "",
    about: str = "",
    from_status: str = "",
    to_status: str = "",
) -> OrderEvent:
    """Add an entry to the timeline of ``order``, and return the entry."""
    return OrderEvent.objects.create(
        order=order,
        kind=kind,
        from_status=from_status,
        to_status=to_status,
        source=by.source,
        actor=by.actor[:150],
        stripe_event_id=by.stripe_event_id,
        about=about,
        message=message[:500],
    )
