"""Functions that change what is in a cart."""

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
    """The result of a change: the line that changed, if there was one, and the cart's items."""

    line: CartLine | None
    items: list[CartItem]

    @property
    def contents(self) -> CartContents:
        return contents_from_items(self.items)


def get_user_cart(user: Any) -> Cart:
    """Return the user's cart, and create it if there is none."""
    return Cart.objects.get_or_create(user=user)[0]


def get_guest_cart(token: str) -> Cart:
    """Return the guest's cart, and create it if there is none."""
    return Cart.objects.get_or_create(token=token)[0]


def drop_empty_cart(cart: Cart) -> bool:
    """Delete the cart if it is empty, and return whether it was deleted."""
    return bool(Cart.objects.filter(pk=cart.pk, items=None).delete()[0])


def add_item(
    cart: Cart, product: Any, quantity: int = 1, *, quantity_before: int | None = None
) -> CartLine:
    """Add ``quantity`` of ``product`` to the cart, and return its line.

    ``quantity_before`` (int) makes it safe to repeat a request that got no answer: if the cart
    already holds that many and ``quantity`` more, nothing is added. Raises ``QuantityNotAllowed``,
    ``ProductUnavailable``, ``OutOfStock`` or ``CartFull``.
    """
    _check_quantity(quantity)
    change = change_line(
        cart.key, product.pk, to=lambda held: held + quantity, quantity_before=quantity_before
    )
    return cast("CartLine", change.line)


def set_quantity(cart: Cart, product: Any, quantity: int) -> CartLine | None:
    """Set the quantity of ``product`` in the cart; 0 removes it, as ``remove_item`` does.

    Return its line; for 0, the line as it was, or None if there was none. Raises
    ``QuantityNotAllowed``, ``ProductUnavailable``, ``OutOfStock`` or ``CartFull``.
    """
    return change_line(cart.key, product.pk, to=lambda held: quantity).line


def remove_item(cart: Cart, product: Any) -> CartLine | None:
    """Remove ``product`` from the cart, and return its line as it was, if there was one.

    Removing a product that is not in the cart is not an error.
    """
    return change_line(cart.key, product.pk, to=lambda held: 0).line


@in_transaction
def change_line(
    key: CartKey,
    product_pk: Any,
    *,
    to: Callable[[int], int],
    quantity_before: int | None = None,
    visible_only: bool = False,
) -> CartChange:
    """Change the quantity of a product in a cart: ``to`` returns the new one for the current one.

    A quantity of 0 removes the line. With ``quantity_before``, nothing changes if the line already
    has the quantity that ``to`` returns for it. With ``visible_only``, only a product that the
    default manager of the host's model returns can be added. Raises ``Cart.DoesNotExist``,
    ``QuantityNotAllowed``, ``ProductUnavailable``, ``OutOfStock`` or ``CartFull``.
    """
    lock_where(Cart, key.lookup(), modified=timezone.now())
    # All items, since the answer to the shopper shows them all.
    items = read_items(key)
    item = next((item for item in items if item.product_id == product_pk), None)
    held = item.quantity if item else 0
    if item is not None and quantity_before is not None and held == to(quantity_before):
        return CartChange(line_from_item(item), items)
    quantity = to(held)
    if quantity == 0:
        return _remove(item, items)
    _check_quantity(quantity)
    if item is None:
        item = _new_item(key, product_pk, items, visible_only=visible_only)
    return _save(item, quantity, items)


def remove_ordered(cart_pk: int, ordered: Iterable[tuple[Any, int]]) -> None:
    """Remove the ordered quantities (product's primary key, int) from a locked cart.

    What was added to the cart since then stays in it.
    """
    quantities = dict(ordered)
    changed: list[CartItem] = []
    emptied: list[CartItem] = []
    for item in CartItem.objects.filter(cart=cart_pk).order_by():
        if item.product_id not in quantities:
            continue
        item.quantity -= quantities[item.product_id]
        (changed if item.quantity > 0 else emptied).append(item)
    CartItem.objects.filter(pk__in=[item.pk for item in emptied]).delete()
    CartItem.objects.bulk_update(changed, ["quantity"])


def _remove(item: CartItem | None, items: list[CartItem]) -> CartChange:
    if item is None:
        return CartChange(None, items)
    line = line_from_item(item)
    items.remove(item)
    item.delete()
    return CartChange(line, items)


def _save(item: CartItem, quantity: int, items: list[CartItem]) -> CartChange:
    item.quantity = quantity
    line = line_from_item(item)
    if line.problem:
        raise line.problem
    item.save(update_fields=["quantity"] if item.pk else None)
    return CartChange(line, items)


def _new_item(
    key: CartKey, product_pk: Any, items: list[CartItem], *, visible_only: bool
) -> CartItem:
    """Append an unsaved item; one query for the product, the cart's key and the stock it holds."""
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
    if not 1 <= quantity <= MAX_QUANTITY:
        raise QuantityNotAllowed
