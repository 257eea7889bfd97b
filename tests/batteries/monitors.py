"""Monitors of two invariants: which items leave the carts, and who can read an order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import Max

from django_stripe_cart.models import Cart, CartItem, Order, OrderEvent
from django_stripe_cart.testing.browser import Browser

Lines = Counter[tuple[Any, Any]]  # quantity by cart and product

# The items of an order leave the cart by a transition between these states, and by no other.
UNPAID = ("pending", "expired", "canceled")
PAID = ("processing", "paid")


class CartMonitor:
    """The content of all carts when ``violations`` was last called.

    The carts of the users in ``changed_users`` (primary keys) are not checked the next time.
    """

    def __init__(self) -> None:
        self.changed_users: set[Any] = set()
        self._read_carts()

    def violations(self) -> Iterator[str]:
        """Check that exactly the items paid since the last call have left their cart."""
        before, paid = self._lines, self._paid_since()
        changed = {*Cart.objects.filter(user__in=self.changed_users).values_list("pk", flat=True)}
        self._read_carts()
        for line in before.keys() | self._lines.keys():
            cart, product = line
            expected = max(before[line] - paid[line], 0)
            if cart not in changed and self._lines[line] != expected:
                yield f"Cart {cart} has {self._lines[line]} of {product}, not {expected}."

    def _read_carts(self) -> None:
        self.changed_users = set()
        items = CartItem.objects.values_list("cart", "product", "quantity")
        self._lines: Lines = Counter({(cart, product): number for cart, product, number in items})
        self._newest = OrderEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0

    def _paid_since(self) -> Lines:
        events = OrderEvent.objects.filter(
            pk__gt=self._newest, from_status__in=UNPAID, to_status__in=PAID
        )
        paid: Lines = Counter()
        for event in events.select_related("order"):
            for item in event.order.items.all():
                paid[event.order.cart_id, item.product_id] += item.quantity
        return paid


def access_violations(browser: Browser, order: Order) -> Iterator[str]:
    """Check that another shopper can not open an order, its return page, or find it in the list."""
    assert order.user != browser.user
    for url in (order.get_absolute_url(), f"/shop/checkout/return/{order.reference}/"):
        status = browser.client.get(url).status_code
        if status != 404:
            yield f"{browser.user} was answered {status} at {url}, which is {order.user}'s."
    if str(order.reference) in browser.client.get("/shop/orders/").content.decode():
        yield f"{browser.user} sees the order {order.reference}, which is {order.user}'s."
