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
    """Result of ``order_again``.

    ``added`` has the cart's lines of the items that were added. ``refused`` has an error for each
    item that could not be added.
    """

    added: list[CartLine] = field(default_factory=list)
    refused: list[CartError] = field(default_factory=list)


def order_again(cart: Cart | CartKey, order: Order) -> Reorder:
    """Add the items of ``order`` that are still for sale to ``cart``.

    The cart then contains at least the ordered quantity of each item, so a second call adds
    nothing.
    """
    reorder = Reorder()
    items = list(order.items.all())
    products = get_product_model()._default_manager.in_bulk([item.product_id for item in items])
    for item in items:
        try:
            product = products.get(item.product_id)
            reorder.added.append(_add_to_cart(CartKey.of(cart), item, product))
        except CartError as error:
            reorder.refused.append(error)
    return reorder


def _add_to_cart(key: CartKey, item: OrderItem, product: Any) -> CartLine:
    """Increase the quantity of ``product`` in the cart to the ordered quantity; return its line."""
    if product is None:
        raise ProductUnavailable(_("“%(name)s” is no longer for sale.") % {"name": item.name})
    change = change_line(key, product.pk, to=lambda held: max(held, item.quantity))
    return cast("CartLine", change.line)
