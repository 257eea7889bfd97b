"""Functions that create products, users, carts and orders for tests.

Orders are paid and refunded in the sandbox. The ``factory_boy`` classes of ``model_factories`` can
be imported from here, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.text import slugify

from django_stripe_cart.cart import add_item, get_guest_cart, get_user_cart
from django_stripe_cart.cart.contents import read_contents
from django_stripe_cart.checkout import ReturnUrls, begin_checkout, cancel_order
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Cart, Order, get_product_model
from django_stripe_cart.models.states import Status
from django_stripe_cart.payments import sync_order
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.sandbox import HOST
from django_stripe_cart.testing.users import complete_user_fields

if TYPE_CHECKING:
    from django_stripe_cart.testing.model_factories import (
        CartFactory,
        CartItemFactory,
        OrderFactory,
        OrderItemFactory,
        ProductFactory,
        RefundFactory,
        UserFactory,
    )
else:

    def __getattr__(name: str) -> Any:
        """Import a ``factory_boy`` class when it is first used.

        So the rest of this module works without ``factory_boy``.
        """
        if name in __all__:
            return getattr(import_module("django_stripe_cart.testing.model_factories"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CartFactory",
    "CartItemFactory",
    "OrderFactory",
    "OrderItemFactory",
    "ProductFactory",
    "RefundFactory",
    "UserFactory",
    "check_out",
    "make_cart",
    "make_order",
    "make_product",
    "make_user",
]

Items = Mapping[Any, int]

_numbers = itertools.count(1)


def make_product(
    name: str = "Mug", *, price: str = "100.00", stock: int | None = 10, **fields: Any
) -> Any:
    """Create a product of the site's product model, which must inherit from ``AbstractProduct``."""
    # A name in another script has no ASCII slug.
    fields.setdefault("slug", slugify(name) or f"product-{next(_numbers)}")
    return get_product_model()._base_manager.create(
        name=name, price=Decimal(price), stock=stock, **fields
    )


def make_user(name: str = "", **fields: Any) -> Any:
    """Create a user. Your ``create_user`` must require only a name and an e-mail address."""
    fields = complete_user_fields(fields, name=name or f"shopper-{next(_numbers)}")
    return get_user_model()._default_manager.create_user(**fields)


def make_cart(items: Items | None = None, *, user: Any = None) -> Cart:
    """Create a cart that contains ``items``, a mapping of products to quantities.

    The cart belongs to ``user``. If ``user`` is None, it belongs to a new guest.
    """
    token = f"guest-{next(_numbers)}"
    cart = get_guest_cart(token) if user is None else get_user_cart(user)
    for product, quantity in (items or {}).items():
        add_item(cart, product, quantity)
    return cart


def make_order(
    sandbox: Sandbox,
    status: str = Status.PENDING,
    *,
    items: Items | None = None,
    user: Any = None,
) -> Order:
    """Create an order, and bring it to ``status`` with the functions of the shop and the sandbox.

    ``items`` maps products to quantities. The default is one piece of a new product. Your receivers
    are called, as they are for any other order.
    """
    items = items or {make_product(f"Product {next(_numbers)}"): 1}
    order = check_out(make_cart(items, user=user))
    JOURNEYS[Status(status)](sandbox, order)
    return sync_order(Order.objects.get(pk=order.pk))


def check_out(cart: Cart) -> Order:
    """Place the order of a cart, and return the order. It can be paid at its ``session_url``."""
    contents = read_contents(cart.key)
    return begin_checkout(cart, fingerprint=contents.fingerprint, return_urls=RETURN_URLS)


def _fail_payment(sandbox: Sandbox, order: Order) -> None:
    """Pay an order by a bank debit that fails."""
    sandbox.pay_by_bank_debit(order.session_url)
    sandbox.settle(order.session_url, ok=False)


def _pay_and_fulfill(sandbox: Sandbox, order: Order) -> None:
    """Pay an order by card, and fulfill it."""
    sandbox.pay(order.session_url)
    fulfill_order(sync_order(order))


def _pay_and_refund(sandbox: Sandbox, order: Order) -> None:
    """Pay an order by card, and refund it."""
    sandbox.pay(order.session_url)
    refund_order(sync_order(order))


RETURN_URLS = ReturnUrls(
    success=lambda order: HOST + reverse("stripe_cart:checkout_return", args=[order.reference]),
    cancel=f"{HOST}/",
)

JOURNEYS: Mapping[Status, Callable[[Sandbox, Order], object]] = {
    Status.PENDING: lambda sandbox, order: None,
    Status.PROCESSING: lambda sandbox, order: sandbox.pay_by_bank_debit(order.session_url),
    Status.PAID: lambda sandbox, order: sandbox.pay(order.session_url),
    Status.FULFILLED: _pay_and_fulfill,
    Status.REFUNDED: _pay_and_refund,
    Status.FAILED: _fail_payment,
    Status.EXPIRED: lambda sandbox, order: sandbox.expire(order.session_url),
    Status.CANCELED: lambda sandbox, order: cancel_order(order),
}
