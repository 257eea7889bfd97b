"""From a cart to an order's rows: lock what is in it, take the stock, write down what was sold."""

from __future__ import annotations

from django.utils.translation import get_language

from django_stripe_cart import stock
from django_stripe_cart.cart.contents import Contents, read_lines
from django_stripe_cart.database import hold_by
from django_stripe_cart.emails.addresses import clean_email
from django_stripe_cart.exceptions import EmptyCart
from django_stripe_cart.models import Cart, Order, OrderItem
from django_stripe_cart.models.cart import read_items
from django_stripe_cart.signals import order_placed
from django_stripe_cart.timeline import Cause, note


def lock_contents(cart: Cart, fingerprint: str | None) -> Contents:
    """Lock the cart, and return what is in it if that can be ordered.

    The key of a cart that was only named by whose it is, is known then.
    """
    try:
        hold_by(Cart, cart.whose())
    except Cart.DoesNotExist as error:
        raise EmptyCart from error
    items = read_items(cart)
    contents = read_lines(items)
    contents.check(fingerprint)
    cart.pk = items[0].cart_id
    return contents


def create_order(cart: Cart, contents: Contents, *, email: str, by: Cause) -> Order:
    """Write down the order of locked ``contents``, and take their stock."""
    counted = [line for line in contents.lines if line.available is not None]
    taken = stock.take({line.product.pk: line.quantity for line in counted})
    order = Order.objects.create(
        user_id=cart.user_id,
        by_guest=cart.user_id is None,
        cart_id=cart.pk,
        open_cart_id=cart.pk,
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
    if not order_placed.has_listeners(Order):  # a receiver may change what was written
        order.lines = items
    order_placed.send(sender=Order, order=order)
    return order


def is_unchanged(order: Order, contents: Contents) -> bool:
    """Whether the cart still holds what the order was placed for, at the same prices."""
    ordered = {(item.product_id, item.quantity, item.unit_amount) for item in order.items.all()}
    wanted = {
        (line.product.pk, line.quantity, line.item.unit_amount if line.item else None)
        for line in contents.lines
    }
    return ordered == wanted and order.currency == contents.currency
