"""A guest becomes a user: the cart and the orders of their browser come along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from django_stripe_cart import stock
from django_stripe_cart.cart import get_user_cart
from django_stripe_cart.cart.changes import MAX_LINES
from django_stripe_cart.cart.contents import MAX_QUANTITY, CartLine, how_many_left, read_cart
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.database import in_transaction, lock_all
from django_stripe_cart.exceptions import CartError, CartFull, OutOfStock, PaymentError
from django_stripe_cart.gateway import short_deadline
from django_stripe_cart.models import Cart, CartItem, Order, OrderEvent
from django_stripe_cart.timeline import BY_SHOPPER, Cause

__all__ = ["Brought", "bring_guest"]

# Another tab may check out as a guest between two of our steps; then we look again.
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Brought:
    """What came along with a guest who signed in."""

    quantity: int = 0  # things that are in the user's cart now
    shortfalls: tuple[CartError, ...] = ()  # why not all of them are
    open_order: Order | None = None  # can't be closed yet, and the cart waits for it
    settled_order: Order | None = None  # was open, and is not any more


def bring_guest(token: str, user: Any, *, by: Cause = BY_SHOPPER) -> Brought:
    """Give ``user`` the cart and the orders of the guest with ``token``.

    The guest's open order is closed at Stripe first. If its payment was faster, it is the user's,
    and what it paid for is no longer in the cart. If Stripe can't be asked, its cancellation
    stands, the cart stays where it is, and running this again goes on from there. Stripe is waited
    for no longer than 5 seconds, and its failures are not raised.
    """
    settled = None
    with short_deadline():
        for _round in range(ROUNDS):
            brought = bring_settled(token, user)
            if brought.open_order is None:
                return replace(brought, settled_order=settled)
            settled = _close(brought.open_order, by=by)
            if settled.is_pending:
                break
    return brought


def bring_settled(token: str, user: Any) -> Brought:
    """The same without Stripe: as long as an order is open, the guest's cart stays where it is."""
    guest = Cart.objects.filter(token=token).first()
    return Brought() if guest is None else _bring(guest.pk, get_user_cart(user).pk)


def _close(order: Order, *, by: Cause) -> Order:
    try:
        return cancel_order(order, by=by)
    except PaymentError:
        return Order.objects.get(pk=order.pk)


@in_transaction
def _bring(guest_pk: int, cart_pk: int) -> Brought:
    carts = lock_all(Cart, [guest_pk, cart_pk])
    if len(carts) < 2:  # another tab was faster
        return Brought()
    guest, cart = carts[guest_pk], carts[cart_pk]
    _adopt_orders(guest, cart.user_id)
    open_order = Order.objects.filter(open_cart=guest).first()
    if open_order is not None:
        return Brought(open_order=open_order)
    brought = _merge(read_cart(CartItem.objects.filter(cart=guest)).lines, cart)
    guest.delete()
    return brought


def _adopt_orders(guest: Cart, user_pk: Any) -> None:
    """Whoever would change an order locks its cart before, and waits for us."""
    orders = Order.objects.filter(cart=guest, open_cart=None).placed_by_guests()
    adopted = list(orders.values_list("pk", flat=True))
    orders.update(user=user_pk, by_guest=False)
    OrderEvent.objects.bulk_create(
        OrderEvent(order_id=pk, kind="adopted", source=BY_SHOPPER.source) for pk in adopted
    )


def _merge(lines: Iterable[CartLine], cart: Cart) -> Brought:
    """Add ``lines`` to the locked cart, as far as there is stock and room."""
    own = {item.product_id: item for item in CartItem.objects.filter(cart=cart)}
    moved, shortfalls = 0, []
    for line in lines:
        item = own.get(line.product.pk, CartItem(cart=cart, product=line.product, quantity=0))
        has_room = line.product.pk in own or len(own) < MAX_LINES
        added, shortfall = _fit(line, cart, item.quantity) if has_room else (0, CartFull())
        if shortfall is not None:
            shortfalls.append(shortfall)
        if added:
            item.quantity += added
            item.save()
            own[line.product.pk] = item
            moved += added
    cart.save(update_fields=["modified"])
    return Brought(quantity=moved, shortfalls=tuple(shortfalls))


def _fit(line: CartLine, cart: Cart, held: int) -> tuple[int, CartError | None]:
    """How many of ``line`` fit beside the ``held`` ones, and what stands in the way of the rest."""
    left = stock.available(line.product)
    if left is not None:
        left += stock.held_by(cart, line.product)
    most = MAX_QUANTITY if left is None else min(left, MAX_QUANTITY)
    added = max(0, min(line.quantity, most - held))
    if added == line.quantity:
        return added, None
    if left is not None and most == left:
        return added, OutOfStock(how_many_left(line.name, left))
    words = {"name": line.name, "quantity": most}
    return added, CartError(_("“%(name)s” fits into a cart %(quantity)d times.") % words)
