"""Give a user the cart and the orders of the guest they were."""

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
from django_stripe_cart.exceptions import CartError, CartFull, OutOfStock, PaymentError
from django_stripe_cart.gateway import short_deadline
from django_stripe_cart.models import Cart, CartItem, Order, OrderEvent
from django_stripe_cart.timeline import BY_SHOPPER, Cause

__all__ = ["MergeResult", "merge_guest"]

# Another tab may check out as a guest between two steps; then start over.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The result of merging a guest into a user."""

    quantity: int = 0  # pieces that were moved to the user's cart
    shortfalls: tuple[CartError, ...] = ()  # why some were not
    open_order: Order | None = None  # can't be closed yet; the guest's cart is kept until it is
    settled_order: Order | None = None  # was open before, and is closed or paid now


def merge_guest(token: str, user: Any, *, by: Cause = BY_SHOPPER) -> MergeResult:
    """Give ``user`` the cart and the orders of the guest with ``token``.

    An open order of the guest is canceled first. If it was paid before that, it is the user's, and
    the paid items are no longer in the cart. If Stripe can't be reached, the cancellation is kept
    and the guest's cart stays as it is; call this again later. Stripe is given 5 seconds, and its
    failures are not raised.
    """
    settled = None
    with short_deadline():
        for _attempt in range(MAX_ATTEMPTS):
            result = merge_without_stripe(token, user)
            if result.open_order is None:
                return replace(result, settled_order=settled)
            settled = _close(result.open_order, by=by)
            if settled.is_pending:
                break
    return result


def merge_without_stripe(token: str, user: Any) -> MergeResult:
    """Do as ``merge_guest``, but leave the guest's cart as it is while an order of it is open."""
    guest = Cart.objects.filter(token=token).first()
    return MergeResult() if guest is None else _merge_carts(guest.pk, get_user_cart(user).pk)


def _close(order: Order, *, by: Cause) -> Order:
    try:
        return cancel_order(order, by=by)
    except PaymentError:
        return Order.objects.get(pk=order.pk)


@in_transaction
def _merge_carts(guest_pk: int, cart_pk: int) -> MergeResult:
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
    # Orders need no lock of their own: every writer locks their cart first.
    orders = Order.objects.filter(cart=guest, open_cart=None).placed_by_guests()
    adopted = list(orders.values_list("pk", flat=True))
    orders.update(user=user_pk, by_guest=False)
    OrderEvent.objects.bulk_create(
        OrderEvent(order_id=pk, kind="adopted", source=BY_SHOPPER.source) for pk in adopted
    )


def _move_lines(lines: Iterable[CartLine], cart: Cart) -> MergeResult:
    """Add ``lines`` to the locked cart, as far as there is stock and room."""
    own = {item.product_id: item for item in CartItem.objects.filter(cart=cart)}
    moved, shortfalls = 0, []
    for line in lines:
        item = own.get(line.product.pk, CartItem(cart=cart, product=line.product, quantity=0))
        has_room = line.product.pk in own or len(own) < MAX_LINES
        added, shortfall = (
            _quantity_that_fits(line, cart, item.quantity) if has_room else (0, CartFull())
        )
        if shortfall is not None:
            shortfalls.append(shortfall)
        if added:
            item.quantity += added
            item.save()
            own[line.product.pk] = item
            moved += added
    cart.save(update_fields=["modified"])
    return MergeResult(quantity=moved, shortfalls=tuple(shortfalls))


def _quantity_that_fits(line: CartLine, cart: Cart, held: int) -> tuple[int, CartError | None]:
    """Return how many of ``line`` fit beside the ``held`` ones, and why the others don't."""
    left = stock.available(line.product)
    if left is not None:
        left += stock.held_by(cart, line.product)
    most = MAX_QUANTITY if left is None else min(left, MAX_QUANTITY)
    added = max(0, min(line.quantity, most - held))
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
