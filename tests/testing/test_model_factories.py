"""Rows that hosts and we make for tests by factory_boy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.contrib.auth.models import User

from django_stripe_cart.models import Cart, Order, Product
from django_stripe_cart.testing.factories import (
    CartFactory,
    CartItemFactory,
    OrderFactory,
    OrderItemFactory,
    ProductFactory,
    RefundFactory,
    UserFactory,
    make_user,
)

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]


def test_products_are_for_sale_and_never_share_a_slug() -> None:
    first, second = ProductFactory.create_batch(2, name="Mug", price="4.99")

    assert {type(first), first.name} == {Product, "Mug"}
    assert first.slug != second.slug
    assert first.as_line_item().unit_amount == 499


def test_a_product_can_be_built_without_a_row() -> None:
    assert ProductFactory.build(name="Mug").pk is None
    assert not Product.objects.exists()


def test_users_are_made_by_create_user() -> None:
    ada = UserFactory(username="ada", password="lovelace", is_staff=True)
    other = UserFactory()

    assert (ada.email, ada.is_staff) == ("ada@example.com", True)
    assert ada.check_password("lovelace")
    assert not other.has_usable_password()
    assert other.email == f"{other.username}@example.com"


def test_no_user_has_the_name_of_another_that_was_made_otherwise() -> None:
    names = [user.username for user in (*UserFactory.create_batch(3), make_user(), make_user())]

    assert len({*names}) == 5


def test_a_cart_belongs_to_a_user_or_to_a_guest() -> None:
    user = UserFactory()

    mine, anybodys = CartFactory(user=user), CartFactory()
    guests = CartFactory.create_batch(2, guest=True)
    named = CartFactory(token="one")

    assert (mine.user, mine.token) == (user, None)
    assert (type(anybodys.user), anybodys.token) == (User, None)
    assert guests[0].token != guests[1].token
    assert [cart.user for cart in (*guests, named)] == [None, None, None]
    assert named.token == "one"


def test_a_line_brings_its_cart_and_its_product() -> None:
    line = CartItemFactory()

    assert (line.cart, line.product) == (Cart.objects.get(), Product.objects.get())
    assert line.quantity == 1


@pytest.mark.parametrize("status", Order.Status.values)
def test_the_amounts_and_dates_of_an_order_fit_its_state(status: str) -> None:
    order = OrderFactory(status=status, total=500, cart=CartFactory())

    was_paid = status in ("paid", "fulfilled", "refunded")
    is_closed = status in ("refunded", "failed", "expired", "canceled")
    order = Order.objects.get(pk=order.pk)
    assert (order.status, order.user) == (status, order.cart.user)
    assert order.open_cart == (order.cart if status == "pending" else None)
    assert order.amount_paid == (500 if was_paid else 0)
    assert order.amount_refunded == (500 if status == "refunded" else 0)
    assert bool(order.payment_intent_id) is bool(order.paid_at) is was_paid
    assert bool(order.closed_at) is is_closed
    assert bool(order.fulfilled_at) is (status == "fulfilled")


def test_an_order_is_in_the_currency_of_the_shop(settings: Any) -> None:
    settings.STRIPE_CART_CURRENCY = "eur"

    assert OrderFactory().currency == "eur"


def test_an_order_is_a_users_or_a_guests() -> None:
    of_cart = OrderFactory(cart=CartFactory(guest=True))

    assert (OrderFactory(user=None).by_guest, OrderFactory().by_guest) == (True, False)
    assert (of_cart.user, of_cart.by_guest) == (None, True)


def test_the_line_of_an_order_is_all_of_it() -> None:
    line = OrderItemFactory(order__total=600, product__name="Mug", quantity=2)

    assert (line.name, line.total, line.order.total) == ("Mug", 600, 600)


def test_a_refund_is_reserved_of_a_paid_order() -> None:
    refund = RefundFactory(order__total=700)
    part = RefundFactory(order=refund.order, amount=5)

    assert (refund.amount, refund.status, refund.stripe_id) == (700, "unknown", None)
    assert refund.order.status == "paid"
    assert (part.order, part.amount) == (refund.order, 5)


def test_nothing_but_a_factory_needs_factory_boy() -> None:
    stderr = run_without_factory_boy("""
        from django_stripe_cart.testing import factories, fixtures, prover, testcases
        from django_stripe_cart.testing.factories import make_order, make_product
        print("so far so good", file=sys.stderr)
        from django_stripe_cart.testing.factories import ProductFactory
    """)

    assert stderr.startswith("so far so good\n")
    assert stderr.endswith(
        "ImportError: The factories need factory_boy: pip install 'django-stripe-cart[testing]'\n"
    )


def run_without_factory_boy(program: str) -> str:
    """Return what a process in which ``import factory`` fails writes to stderr."""
    program = f"""
        import sys
        sys.modules["factory"] = None
        import django
        django.setup()
        {program}
    """
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", dedent(program)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False).stderr


def test_an_unknown_factory_is_an_attribute_error() -> None:
    import django_stripe_cart.testing.factories as factories

    with pytest.raises(AttributeError, match="has no attribute 'TeapotFactory'"):
        factories.TeapotFactory  # noqa: B018
