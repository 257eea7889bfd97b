"""Put the items of an earlier order into the cart, at current prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from django.utils.translation import gettext as _

from django_stripe_cart.cart.changes import change_line
from django_stripe_cart.cart.contents import CartLine
from django_stripe_cart.exceptions import CartError, ProductUnavailable
from django_stripe_cart.models import Cart, Order, OrderItem, get_product_model
from django_stripe_cart.models.cart import CartKey

__all__ = ["Reorder", "order_again"]


@dataclass(frozen=True)
class Reorder:
    """The result of ordering again: the lines in the cart, and the errors of the other items."""

    added: list[CartLine] = field(default_factory=list)
    refused: list[CartError] = field(default_factory=list)


def order_again(cart: Cart | CartKey, order: Order) -> Reorder:
    """Put the items of ``order`` that are still for sale into ``cart``.

    Quantities already in the cart count, so repeating the call adds nothing.
    """
    reorder = Reorder()
    items = list(order.items.all())
    products = get_product_model()._default_manager.in_bulk([item.product_id for item in items])
    for item in items:
        try:
            product = products.get(item.product_id)
            reorder.added.append(_add(CartKey.of(cart), item, product))
        except CartError as error:
            reorder.refused.append(error)
    return reorder


def _add(key: CartKey, item: OrderItem, product: Any) -> CartLine:
    if product is None:
        raise ProductUnavailable(_("“%(name)s” is no longer for sale.") % {"name": item.name})
    change = change_line(key, product.pk, to=lambda held: max(held, item.quantity))
    return cast("CartLine", change.line)
