"""Create the order of a cart in a transaction: lock the cart, take the stock, save the rows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language

from django_stripe_cart import stock
from django_stripe_cart.cart.contents import CartContents, contents_from_items
from django_stripe_cart.database import lock_where
from django_stripe_cart.emails.addresses import clean_email
from django_stripe_cart.exceptions import EmptyCart
from django_stripe_cart.models import Cart, Order, OrderItem
from django_stripe_cart.models.cart import CartKey, read_items
from django_stripe_cart.signals import order_placed
from django_stripe_cart.timeline import Cause, note


def lock_contents(key: CartKey, fingerprint: str | None) -> tuple[int, CartContents]:
    """Lock the cart with this key, and return its primary key and its contents.

    Raises ``CartError`` if the contents can't be ordered or differ from ``fingerprint``.
    """
    try:
        lock_where(Cart, key.lookup())
    except Cart.DoesNotExist as error:
        raise EmptyCart from error
    items = read_items(key)
    contents = contents_from_items(items)
    contents.raise_if_not_orderable(fingerprint)
    return items[0].cart_id, contents


def create_order(
    cart_pk: int, contents: CartContents, *, user_pk: Any, email: str, by: Cause
) -> Order:
    """Create the order of a locked cart with ``contents``, take the stock, and return the order.

    Sends ``order_placed``. Raises ``OutOfStock``.
    """
    counted = [line for line in contents.lines if line.available is not None]
    taken = stock.take({line.product.pk: line.quantity for line in counted})
    order = Order.objects.create(
        user_id=user_pk,
        by_guest=user_pk is None,
        cart_id=cart_pk,
        open_cart_id=cart_pk,
        currency=contents.currency,
        total=contents.total,
        email=clean_email(email),
        language=(get_language() or "")[:16],
    )
    items = [
        OrderItem(
            order_id=order.pk,
            product_id=line.product.pk,
            sku=line.item.sku,
            name=line.item.name,
            unit_amount=line.item.unit_amount,
            quantity=line.quantity,
            stock_taken=taken.get(line.product.pk, 0),
        )
        for line in contents.lines
        if line.item is not None
    ]
    OrderItem.objects.bulk_create(items)
    note(order, kind="placed", by=by, to_status=order.status)
    if not order_placed.has_listeners(Order):  # a receiver may change the items
        order.cached_items = items
    order_placed.send(sender=Order, order=order)
    return order


def is_unchanged(order: Order, contents: CartContents) -> bool:
    """Return whether ``contents`` has the items, quantities, prices and currency of ``order``."""
    ordered = {(item.product_id, item.quantity, item.unit_amount) for item in order.items.all()}
    wanted = {
        (line.product.pk, line.quantity, line.item.unit_amount if line.item else None)
        for line in contents.lines
    }
    return ordered == wanted and order.currency == contents.currency
