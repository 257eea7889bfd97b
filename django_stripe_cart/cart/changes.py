"""The verbs that change what is in a cart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import router
from django.utils import timezone

from django_stripe_cart.cart.contents import MAX_QUANTITY, CartLine, Contents, read_line, read_lines
from django_stripe_cart.database import hold_by, in_transaction
from django_stripe_cart.exceptions import CartFull, ProductUnavailable, QuantityNotAllowed
from django_stripe_cart.models import Cart, CartItem, OrderItem, get_product_model
from django_stripe_cart.models.cart import read_items
from django_stripe_cart.prepared import Given, Prepared, Subselect

L_co = TypeVar("L_co", bound=CartLine | None, covariant=True)

MAX_LINES = 100  # docs.stripe.com/api/checkout/sessions/create: line_items


@dataclass(frozen=True, slots=True)
class Changed(Generic[L_co]):
    """What came of a change: the line that it was about, if any, and the whole cart after it."""

    line: L_co
    items: list[CartItem]

    @property
    def contents(self) -> Contents:
        return read_lines(self.items)


def get_user_cart(user: Any) -> Cart:
    """Return the user's cart, made now if there was none."""
    return Cart.objects.get_or_create(user=user)[0]


def get_guest_cart(token: str) -> Cart:
    """Return the guest's cart, made now if there was none."""
    return Cart.objects.get_or_create(token=token)[0]


def drop_empty_cart(cart: Cart) -> bool:
    """Delete the cart if nothing is in it, and return whether it is gone."""
    return bool(Cart.objects.filter(pk=cart.pk, items=None).delete()[0])


def add_item(cart: Cart, product: Any, quantity: int = 1, *, had: int | None = None) -> CartLine:
    """Put ``quantity`` more of ``product`` into the cart and return its line.

    ``had`` makes it safe to ask again after no answer: if the cart now holds that many and
    ``quantity`` more, it was done the first time. Raises ``QuantityNotAllowed``,
    ``ProductUnavailable``, ``OutOfStock`` or ``CartFull``.
    """
    return add(cart, product.pk, quantity, had=had, shown_only=False).line


def set_quantity(cart: Cart, product: Any, quantity: int) -> CartLine | None:
    """Have exactly ``quantity`` of ``product`` in the cart; 0 removes it, as ``remove_item`` does.

    Raises ``QuantityNotAllowed``, ``ProductUnavailable``, ``OutOfStock`` or ``CartFull``.
    """
    return have(cart, product.pk, quantity).line


def remove_item(cart: Cart, product: Any) -> CartLine | None:
    """Take ``product`` out of the cart and return its line as it was, if there was one.

    Removing what is not there is no error.
    """
    return remove(cart, product.pk).line


def take_out(cart_pk: int, ordered: Iterable[tuple[Any, int]]) -> None:
    """Take what was ordered (product key, quantity) out of a locked cart, and no more than that."""
    quantities = dict(ordered)
    changed: list[CartItem] = []
    gone: list[CartItem] = []
    for item in CartItem.objects.filter(cart=cart_pk).order_by():
        if item.product_id not in quantities:
            continue
        item.quantity -= quantities[item.product_id]
        (changed if item.quantity > 0 else gone).append(item)
    CartItem.objects.filter(pk__in=[item.pk for item in gone]).delete()
    CartItem.objects.bulk_update(changed, ["quantity"])


# --- the same for a product that is known by its key, and a cart by whose it is -----------------


def add(
    cart: Cart, product: Any, quantity: int, *, had: int | None = None, shown_only: bool = True
) -> Changed[CartLine]:
    """Do as ``add_item``; with ``shown_only``, to what the host's own manager shows."""
    _check_quantity(quantity)
    done = None if had is None else had + quantity
    return _put(cart, product, lambda held: held + quantity, done=done, shown_only=shown_only)


def have(cart: Cart, product: Any, quantity: int) -> Changed[CartLine | None]:
    """Do as ``set_quantity``."""
    if quantity == 0:
        return remove(cart, product)
    _check_quantity(quantity)
    return _put(cart, product, lambda held: quantity)


def top_up(cart: Cart, product: Any, quantity: int) -> Changed[CartLine]:
    """Have at least ``quantity`` of ``product`` in the cart: again, or for the first time."""
    _check_quantity(quantity)
    return _put(cart, product, lambda held: max(held, quantity))


@in_transaction
def remove(cart: Cart, product: Any) -> Changed[CartLine | None]:
    """Do as ``remove_item``."""
    items = _lock_items(cart)
    item = _find(items, product)
    if item is None:
        return Changed(None, items)
    line = read_line(item)
    items.remove(item)
    item.delete()
    return Changed(line, items)


@in_transaction
def _put(
    cart: Cart,
    product: Any,
    change: Callable[[int], int],
    *,
    done: int | None = None,
    shown_only: bool = False,
) -> Changed[CartLine]:
    items = _lock_items(cart)
    item = _find(items, product)
    if item is None:
        if len(items) >= MAX_LINES:
            raise CartFull
        item = _new_item(cart, product, shown_only=shown_only)
        items.append(item)
    if item.quantity == done:
        return Changed(read_line(item), items)
    item.quantity = change(item.quantity)
    _check_quantity(item.quantity)
    line = read_line(item)
    if line.problem:
        raise line.problem
    item.save(update_fields=["quantity"] if item.pk else None)
    return Changed(line, items)


def _lock_items(cart: Cart) -> list[CartItem]:
    """Lock the cart, and return its lines: all, since an answer to the shopper shows them all."""
    hold_by(Cart, cart.whose(), modified=timezone.now())
    return read_items(cart)


def _find(items: list[CartItem], product: Any) -> CartItem | None:
    return next((item for item in items if item.product_id == product), None)


def _new_item(cart: Cart, product: Any, *, shown_only: bool) -> CartItem:
    """The product, the key of the cart, and what its open order has taken: all in one query."""
    model = get_product_model()
    rows = (model._default_manager if shown_only else model._base_manager).filter(pk=product)
    values = {**cart.whose(), "product": product}
    own = {name: Subselect(rows, values) for name, rows in _own_of(*cart.whose()).items()}
    found = rows.using(router.db_for_write(CartItem)).annotate(**own).first()
    if found is None:
        raise ProductUnavailable
    item = CartItem(cart_id=found.stripe_cart_pk, product=found, quantity=0)
    item.held = found.stripe_cart_held  # type: ignore[attr-defined]
    return item


@cache
def _own_of(name: str) -> dict[str, Prepared[Any]]:
    """What a new line has to know of its cart, found by its key or by whose it is."""
    mine = Given(Cart, name)
    taken = OrderItem._base_manager.filter(
        product=Given(OrderItem, "product"), **{f"order__open_cart__{name}": mine}
    )
    return {
        "stripe_cart_pk": Prepared(Cart._base_manager.filter(**{name: mine}).values("pk")),
        "stripe_cart_held": Prepared(taken.values("stock_taken")[:1]),
    }


def _check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise QuantityNotAllowed
