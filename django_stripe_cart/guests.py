"""Move a guest's cart and orders to the user that the guest signs in as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import ngettext

from django_stripe_cart import stock
from django_stripe_cart.cart import get_user_cart
from django_stripe_cart.cart.changes import MAX_LINES
from django_stripe_cart.cart.contents import MAX_QUANTITY, CartLine, read_contents, stock_message
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.database import in_transaction, lock_all
from django_stripe_cart.deadlines import short_deadline
from django_stripe_cart.exceptions import CartError, CartFull, OutOfStock, PaymentError
from django_stripe_cart.models import Cart, CartItem, Order, OrderEvent
from django_stripe_cart.timeline import BY_SHOPPER, Cause

__all__ = ["MergeResult", "merge_guest"]

# The merge starts again if another tab of the guest checks out between two of its steps.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class MergeResult:
    """Result of a merge of a guest's cart into a user's cart.

    ``quantity`` is the number of pieces that were moved. ``shortfalls`` has an error for each
    product of which not all pieces were moved. ``open_order`` is an order of the guest that can't
    be closed yet; no items are moved while it is open. ``settled_order`` is an order that was open
    before the merge, and is closed or paid now.
    """

    quantity: int = 0
    shortfalls: tuple[CartError, ...] = ()
    open_order: Order | None = None
    settled_order: Order | None = None


def merge_guest(token: str, user: Any, *, by: Cause = BY_SHOPPER) -> MergeResult:
    """Move the cart and the orders of the guest with ``token`` to ``user``.

    An open order of the guest is canceled first. If the open order was already paid, it becomes the
    user's order, and the paid items are removed from the cart. Requests to Stripe may take 5
    seconds in total. A ``PaymentError`` is not raised. Instead, the guest's cart does not change,
    and the result has an ``open_order``. This function can then be called again later.
    """
    settled = None
    with short_deadline():
        for _attempt in range(MAX_ATTEMPTS):
            result = merge_without_stripe(token, user)
            if result.open_order is None:
                return replace(result, settled_order=settled)
            settled = _cancel_if_possible(result.open_order, by=by)
            if settled.is_pending:
                break
    return result


def merge_without_stripe(token: str, user: Any) -> MergeResult:
    """Move the cart and orders of the guest with ``token`` to ``user``, without asking Stripe.

    If the guest has an open order, only the other orders are moved, and the result has the
    ``open_order``.
    """
    guest = Cart.objects.filter(token=token).first()
    return MergeResult() if guest is None else _merge_carts(guest.pk, get_user_cart(user).pk)


def _cancel_if_possible(order: Order, *, by: Cause) -> Order:
    """Try to cancel ``order``, and return it freshly read, even if Stripe can't be reached."""
    try:
        return cancel_order(order, by=by)
    except PaymentError:
        return Order.objects.get(pk=order.pk)


@in_transaction
def _merge_carts(guest_pk: int, cart_pk: int) -> MergeResult:
    """Lock both carts, move the guest's orders and items to the user, and delete the guest's cart.

    If the guest has an open order, only the other orders are moved, and the guest's cart is kept.
    """
    carts = lock_all(Cart, [guest_pk, cart_pk])
    if len(carts) < 2:  # another tab merged it first
        return MergeResult()
    guest, cart = carts[guest_pk], carts[cart_pk]
    _adopt_orders(guest, cart.user_id)
    open_order = Order.objects.filter(open_cart=guest).first()
    if open_order is not None:
        return MergeResult(open_order=open_order)
    result = _move_lines(read_contents(guest.key).lines, cart)
    guest.delete()
    return result


def _adopt_orders(guest: Cart, user_pk: Any) -> None:
    """Make the user the owner of the guest's orders, except for an open order.

    The guest's cart must be locked.
    """
    # The orders need no lock: every writer locks their cart first.
    orders = Order.objects.filter(cart=guest, open_cart=None).placed_by_guests()
    adopted = list(orders.values_list("pk", flat=True))
    orders.update(user=user_pk, by_guest=False)
    OrderEvent.objects.bulk_create(
        OrderEvent(order_id=pk, kind="adopted", source=BY_SHOPPER.source) for pk in adopted
    )


def _move_lines(lines: Iterable[CartLine], cart: Cart) -> MergeResult:
    """Add ``lines`` to the locked cart, as far as the stock and the limits of a cart allow."""
    own = {item.product_id: item for item in CartItem.objects.filter(cart=cart)}
    moved = 0
    shortfalls: list[CartError] = []
    for line in lines:
        item = own.get(line.product.pk, CartItem(cart=cart, product=line.product, quantity=0))
        if line.product.pk not in own and len(own) >= MAX_LINES:
            shortfalls.append(CartFull())
            continue
        added, shortfall = _quantity_that_fits(line, cart, item.quantity)
        if shortfall is not None:
            shortfalls.append(shortfall)
        if added:
            item.quantity += added
            item.save()
            own[line.product.pk] = item
            moved += added
    cart.save(update_fields=["modified"])
    return MergeResult(quantity=moved, shortfalls=tuple(shortfalls))


def _quantity_that_fits(line: CartLine, cart: Cart, in_cart: int) -> tuple[int, CartError | None]:
    """Return how many pieces of ``line`` can be added to ``cart``, and an error or None.

    The error says why not all pieces can be added. ``in_cart`` is the number of pieces that the
    cart already contains.
    """
    left = stock.available(line.product)
    if left is not None:
        left += stock.held_by(cart, line.product)
    most = MAX_QUANTITY if left is None else min(left, MAX_QUANTITY)
    added = max(0, min(line.quantity, most - in_cart))
    if added == line.quantity:
        return added, None
    if left is not None and most == left:
        return added, OutOfStock(stock_message(line.name, left))
    words = {"name": line.name, "quantity": most}
    text = ngettext(
        "You can have at most %(quantity)d of “%(name)s” in your cart.",
        "You can have at most %(quantity)d of “%(name)s” in your cart.",
        most,
    )
    return added, CartError(text % words)
