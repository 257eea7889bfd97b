"""The receivers of this host."""

from typing import Any

from django.db import transaction
from django.dispatch import receiver

from django_stripe_cart.exceptions import RefundNotPossible
from django_stripe_cart.models import Order, Refund
from django_stripe_cart.refunds import amount_refundable, refund_order
from django_stripe_cart.signals import order_paid, order_refunded
from tests.hosts.two_tables.models import Poster

heard: list[str] = []


@receiver(order_paid)
def roll_posters(sender: type[Order], order: Order, **kwargs: Any) -> None:
    posters = Poster.objects.filter(pk__in=order.items.values("product"))
    widths = [poster.width for poster in posters]
    transaction.on_commit(lambda: heard.append(f"roll {widths}"))


@receiver(order_refunded)
def note_refund(sender: type[Order], order: Order, refund: Refund, **kwargs: Any) -> None:
    heard.append(f"{refund.amount} of {order.total} back")


def give_half_back(order: Order) -> int:
    """int, smallest currency unit: what is left to give back."""
    try:
        order = refund_order(order, amount=order.total // 2)
    except RefundNotPossible:
        return 0
    return amount_refundable(order)
