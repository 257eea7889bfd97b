"""The lines of an old order, put into the cart once more: priced as they are today."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from django_stripe_cart.cart.changes import top_up
from django_stripe_cart.cart.contents import CartLine
from django_stripe_cart.exceptions import CartError, ProductUnavailable
from django_stripe_cart.models import Cart, Order, get_product_model

__all__ = ["Again", "order_again"]


@dataclass(frozen=True)
class Again:
    """What is in the cart again, and why the rest is not."""

    added: list[CartLine] = field(default_factory=list)
    refused: list[CartError] = field(default_factory=list)


def order_again(cart: Cart, order: Order) -> Again:
    """Have in ``cart`` what ``order`` had and is still for sale, and return both halves of it.

    What the cart still holds of it, since the order was canceled, say, counts: twice is as once.
    """
    again = Again()
    items = list(order.items.all())
    products = get_product_model()._default_manager.in_bulk([item.product_id for item in items])
    for item in items:
        try:
            product = products.get(item.product_id)
            if product is None:
                raise ProductUnavailable(
                    _("“%(name)s” is no longer for sale.") % {"name": item.name}
                )
            again.added.append(top_up(cart, product.pk, item.quantity).line)
        except CartError as error:
            again.refused.append(error)
    return again
