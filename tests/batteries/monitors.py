"""A look over the shoppers' shoulders: what leaves their carts, and whose orders they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import Max

from django_stripe_cart.models import Cart, CartItem, Order, OrderEvent
from django_stripe_cart.testing.browser import Browser

Lines = Counter[tuple[Any, Any]]  # quantity by cart and product

# From here an order's lines leave the cart, by either of these moves, and by no other.
WAITING = ("pending", "expired", "canceled")
BOUGHT = ("processing", "paid")


class CartWatch:
    """Knows what was in all carts. ``touched`` are those that their shoppers changed themselves."""

    def __init__(self) -> None:
        self.touched: set[Any] = set()  # keys of users
        self._look()

    def violations(self) -> Iterator[str]:
        """What was bought since the last look has left the cart, once, and nothing else has."""
        before, ordered = self._lines, self._ordered_since()
        changed = {*Cart.objects.filter(user__in=self.touched).values_list("pk", flat=True)}
        self._look()
        for line in before.keys() | self._lines.keys():
            cart, product = line
            expected = max(before[line] - ordered[line], 0)
            if cart not in changed and self._lines[line] != expected:
                yield f"Cart {cart} has {self._lines[line]} of {product}, not {expected}."

    def _look(self) -> None:
        self.touched = set()
        items = CartItem.objects.values_list("cart", "product", "quantity")
        self._lines: Lines = Counter({(cart, product): number for cart, product, number in items})
        self._newest = OrderEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0

    def _ordered_since(self) -> Lines:
        bought = OrderEvent.objects.filter(
            pk__gt=self._newest, from_status__in=WAITING, to_status__in=BOUGHT
        )
        ordered: Lines = Counter()
        for event in bought.select_related("order"):
            for item in event.order.items.all():
                ordered[event.order.cart_id, item.product_id] += item.quantity
        return ordered


def leaks(browser: Browser, order: Order) -> Iterator[str]:
    """Nobody sees another's order: not at its address, nor coming back from Stripe, nor listed."""
    assert order.user != browser.user
    for url in (order.get_absolute_url(), f"/shop/checkout/return/{order.reference}/"):
        status = browser.client.get(url).status_code
        if status != 404:
            yield f"{browser.user} was answered {status} at {url}, which is {order.user}'s."
    if str(order.reference) in browser.client.get("/shop/orders/").content.decode():
        yield f"{browser.user} sees the order {order.reference}, which is {order.user}'s."
