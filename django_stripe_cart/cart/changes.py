"""Functions that change the contents of a cart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.db import router
from django.db.models import Subquery
from django.utils import timezone

from django_stripe_cart.cart.contents import (
    MAX_QUANTITY,
    CartContents,
    CartLine,
    contents_from_items,
    line_from_item,
)
from django_stripe_cart.database import in_transaction, lock_where
from django_stripe_cart.exceptions import CartFull, ProductUnavailable, QuantityNotAllowed
from django_stripe_cart.models import Cart, CartItem, OrderItem, get_product_model
from django_stripe_cart.models.cart import CartKey, read_items

MAX_LINES = 100  # docs.stripe.com/api/checkout/sessions/create: line_items


@dataclass(frozen=True, slots=True)
class CartChange:
    """Result of ``change_line``: the line of the product, and all items that the cart has now.

    If the product was removed, ``line`` is the removed line. If there was nothing to remove,
    ``line`` is None.
    """

    line: CartLine | None
    items: list[CartItem]

    @property
    def contents(self) -> CartContents:
        return contents_from_items(self.items)


def get_user_cart(user: Any) -> Cart:
    """Return the cart of ``user``. It is created if the user has none."""
    return Cart.objects.get_or_create(user=user)[0]


def get_guest_cart(token: str) -> Cart:
    """Return the cart of the guest with ``token``. It is created if the guest has none."""
    return Cart.objects.get_or_create(token=token)[0]


def drop_empty_cart(cart: Cart) -> bool:
    """Delete ``cart`` if it is empty, and return whether it was deleted."""
    return bool(Cart.objects.filter(pk=cart.pk, items=None).delete()[0])


def add_item(
    cart: Cart, product: Any, quantity: int = 1, *, quantity_before: int | None = None
) -> CartLine:
    """Add ``quantity`` pieces of ``product`` to ``cart``, and return the product's line.

    ``quantity_before`` (int) is the product's quantity in the cart before the addition. With it, a
    request can be repeated safely: if the cart already contains ``quantity_before + quantity``
    pieces of the product, nothing is added. Raises ``QuantityNotAllowed``, ``ProductUnavailable``,
    ``OutOfStock`` or ``CartFull``.
    """
    _check_quantity(quantity)
    change = change_line(
        cart.key, product.pk, to=lambda current: current + quantity, quantity_before=quantity_before
    )
    return cast("CartLine", change.line)


def set_quantity(cart: Cart, product: Any, quantity: int) -> CartLine | None:
    """Set the quantity of ``product`` in ``cart``, and return the product's line.

    A quantity of 0 removes the product, as ``remove_item`` does. Raises ``QuantityNotAllowed``,
    ``ProductUnavailable``, ``OutOfStock`` or ``CartFull``.
    """
    return change_line(cart.key, product.pk, to=lambda current: quantity).line


def remove_item(cart: Cart, product: Any) -> CartLine | None:
    """Remove ``product`` from ``cart``, and return the line that was removed.

    If the cart does not contain the product, nothing is removed, and None is returned.
    """
    return set_quantity(cart, product, 0)


@in_transaction
def change_line(
    key: CartKey,
    product_pk: Any,
    *,
    to: Callable[[int], int],
    quantity_before: int | None = None,
    visible_only: bool = False,
) -> CartChange:
    """Set the quantity of a product in a cart to the result of ``to(current_quantity)``.

    A result of 0 removes the product. If the quantity is already ``to(quantity_before)``, nothing
    changes. With ``visible_only``, a product can be added only if the default manager of the
    product model returns it. Raises ``Cart.DoesNotExist``, ``QuantityNotAllowed``,
    ``ProductUnavailable``, ``OutOfStock`` or ``CartFull``.
    """
    lock_where(Cart, key.lookup(), modified=timezone.now())
    # All items are read, because the response to the shopper shows all of them.
    items = read_items(key)
    item = next((item for item in items if item.product_id == product_pk), None)
    current = item.quantity if item else 0
    if item is not None and quantity_before is not None and current == to(quantity_before):
        return CartChange(line_from_item(item), items)
    quantity = to(current)
    if quantity == 0:
        return _remove(item, items)
    _check_quantity(quantity)
    if item is None:
        item = _append_new_item(key, product_pk, items, visible_only=visible_only)
    item.quantity = quantity
    line = line_from_item(item)
    if line.problem:
        raise line.problem
    item.save(update_fields=["quantity"] if item.pk else None)
    return CartChange(line, items)


def remove_ordered(cart_pk: int, ordered: Iterable[tuple[Any, int]]) -> None:
    """Subtract ordered quantities from the items of a locked cart.

    ``ordered`` has pairs of a product's primary key and a quantity (int). Pieces that were added to
    the cart after the order was placed stay in the cart.
    """
    quantities = dict(ordered)
    items = CartItem.objects.filter(cart=cart_pk, product__in=quantities).order_by()
    for item in items:
        item.quantity -= quantities[item.product_id]
    CartItem.objects.filter(pk__in=[item.pk for item in items if item.quantity <= 0]).delete()
    CartItem.objects.bulk_update([item for item in items if item.quantity > 0], ["quantity"])


def _remove(item: CartItem | None, items: list[CartItem]) -> CartChange:
    """Delete ``item``, remove it from ``items``, and return the change with the removed line.

    If ``item`` is None, nothing is deleted.
    """
    if item is None:
        return CartChange(None, items)
    line = line_from_item(item)
    items.remove(item)
    item.delete()
    return CartChange(line, items)


def _append_new_item(
    key: CartKey, product_pk: Any, items: list[CartItem], *, visible_only: bool
) -> CartItem:
    """Append an unsaved item for a product to ``items``, and return the item.

    One query reads the product, the cart's primary key, and the quantity that the cart's open order
    has taken from the product's stock. Raises ``CartFull`` or ``ProductUnavailable``.
    """
    if len(items) >= MAX_LINES:
        raise CartFull
    model = get_product_model()
    products = model._default_manager if visible_only else model._base_manager
    cart = Cart._base_manager.filter(**key.lookup())
    taken = OrderItem._base_manager.filter(product=product_pk, **key.lookup("order__open_cart__"))
    product = (
        products.using(router.db_for_write(CartItem))
        .filter(pk=product_pk)
        .annotate(
            stripe_cart_pk=Subquery(cart.values("pk")),
            stripe_cart_held=Subquery(taken.values("stock_taken")[:1]),
        )
        .first()
    )
    if product is None:
        raise ProductUnavailable
    item = CartItem(cart_id=product.stripe_cart_pk, product=product, quantity=0)
    item.held = product.stripe_cart_held  # type: ignore[attr-defined]
    items.append(item)
    return item


def _check_quantity(quantity: int) -> None:
    """Raise ``QuantityNotAllowed`` if ``quantity`` is below 1 or above ``MAX_QUANTITY``."""
    if not 1 <= quantity <= MAX_QUANTITY:
        raise QuantityNotAllowed
