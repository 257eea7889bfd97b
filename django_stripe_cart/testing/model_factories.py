"""Factories of the shop's rows, based on ``factory_boy``. Import them from ``factories``.

A factory saves only the row itself: no stock is taken, no signal is sent, and no payment exists at
Stripe. Use ``factories.make_order`` for an order that the shop and the sandbox have processed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Cart, CartItem, Order, OrderItem, Refund
from django_stripe_cart.models.states import Status
from django_stripe_cart.testing.users import complete_user_fields

try:
    from factory.declarations import (
        LazyAttribute,
        LazyAttributeSequence,
        LazyFunction,
        Maybe,
        SelfAttribute,
        Sequence,
        SubFactory,
        Trait,
    )
    from factory.django import DjangoModelFactory
except ImportError as error:
    raise ImportError(
        "The factories need factory_boy: pip install 'django-stripe-cart[testing]'"
    ) from error

PAID = (Status.PAID, Status.FULFILLED, Status.REFUNDED)
CLOSED = (Status.REFUNDED, Status.FAILED, Status.EXPIRED, Status.CANCELED)


class ProductFactory(DjangoModelFactory[Any]):
    """A factory of products, for product models that have the fields of ``Product``.

    For a model with other fields, write a subclass: exclude the fields that your model lacks, and
    declare the fields that it adds.
    """

    class Meta:
        model = conf.product_model

    name = Sequence("Product {}".format)
    slug = Sequence("product-{}".format)
    price = Decimal("100.00")
    stock = 10


class UserFactory(DjangoModelFactory[Any]):
    """A factory of users. It calls ``create_user`` of your user model's manager.

    User names are numbered, and the e-mail address is derived from the user name.
    """

    class Meta:
        model = settings.AUTH_USER_MODEL

    class Params:
        counted_name = Sequence("user-{}".format)

    @classmethod
    def _adjust_kwargs(cls, **fields: Any) -> dict[str, Any]:
        """Add the fields that ``create_user`` requires."""
        return complete_user_fields(fields, name=fields.pop("counted_name"))

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **fields: Any) -> Any:
        """Create the user with ``create_user``."""
        return model_class._default_manager.create_user(*args, **fields)


class CartFactory(DjangoModelFactory[Cart]):
    """A factory of empty carts. By default, a cart belongs to a new user.

    With ``guest=True`` or a ``token``, the cart belongs to a guest.
    """

    class Meta:
        model = Cart

    class Params:
        guest = Trait(token=Sequence("guest-{}".format))

    token = None
    user = Maybe("token", None, SubFactory(UserFactory))


class CartItemFactory(DjangoModelFactory[CartItem]):
    """A factory of cart items, by default one piece of a new product in a new cart."""

    class Meta:
        model = CartItem

    cart = SubFactory(CartFactory)
    product = SubFactory(ProductFactory)
    quantity = 1


class OrderFactory(DjangoModelFactory[Order]):
    """A factory of orders without items. The amounts and the dates match the ``status``.

    With a ``cart``, the order belongs to the cart's user; if the order is pending, it is also the
    cart's open order. With ``user=None``, the order belongs to a guest.
    """

    class Meta:
        model = Order

    user = Maybe("cart", SelfAttribute("cart.user"), SubFactory(UserFactory))
    by_guest = LazyAttribute(lambda order: order.user is None)
    cart = None
    open_cart = LazyAttribute(lambda order: order.cart if order.status == Status.PENDING else None)
    status = Status.PENDING.value
    currency = LazyFunction(lambda: conf.currency)
    total = 10000
    amount_paid = LazyAttribute(lambda order: order.total if order.status in PAID else 0)
    amount_refunded = LazyAttribute(
        lambda order: order.amount_paid if order.status == Status.REFUNDED else 0
    )
    payment_intent_id = LazyAttributeSequence(
        lambda order, n: f"pi_{n}" if order.amount_paid else None
    )
    placed_at = LazyFunction(timezone.now)
    paid_at = LazyAttribute(lambda order: order.placed_at if order.status in PAID else None)
    fulfilled_at = LazyAttribute(
        lambda order: order.placed_at if order.status == Status.FULFILLED else None
    )
    closed_at = LazyAttribute(lambda order: order.placed_at if order.status in CLOSED else None)


class OrderItemFactory(DjangoModelFactory[OrderItem]):
    """A factory of order items. By default, an item is one piece that costs the order's total."""

    class Meta:
        model = OrderItem

    order = SubFactory(OrderFactory)
    product = SubFactory(ProductFactory)
    name = LazyAttribute(lambda item: str(item.product or "Product"))
    quantity = 1
    unit_amount = LazyAttribute(lambda item: item.order.total // item.quantity)


class RefundFactory(DjangoModelFactory[Refund]):
    """A factory of refunds that were not sent to Stripe yet.

    The default ``order`` is paid. The default ``amount`` is all of the payment that was not
    refunded yet.
    """

    class Meta:
        model = Refund

    order = SubFactory(OrderFactory, status=Status.PAID.value)
    amount = LazyAttribute(lambda refund: refund.order.amount_paid - refund.order.amount_refunded)
