"""The cart: what it holds, what it refuses, and what it says about it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Count, Max
from django.db.models.functions import Length

from django_stripe_cart import cart as carts
from django_stripe_cart.cart.changes import change_line
from django_stripe_cart.cart.contents import CartContents, CartLine, read_contents
from django_stripe_cart.exceptions import (
    CartChanged,
    CartFull,
    EmptyCart,
    MixedCurrencies,
    OutOfStock,
    ProductUnavailable,
    QuantityNotAllowed,
)
from django_stripe_cart.line_items import LineItem
from django_stripe_cart.models import Cart, Product
from django_stripe_cart.testing.factories import make_product

pytestmark = pytest.mark.database


@pytest.fixture
def cart(user: User) -> Cart:
    return carts.get_user_cart(user)


def contents(cart: Cart) -> CartContents:
    return read_contents(cart.key)


def test_a_product_added_twice_is_one_line(cart: Cart, mug: Product) -> None:
    carts.add_item(cart, mug)
    line = carts.add_item(cart, mug, 2)

    assert line.quantity == 3
    assert [(line.name, line.quantity, line.total) for line in contents(cart).lines] == [
        ("Mug", 3, 149700)
    ]


def test_the_quantity_is_set_and_zero_removes(cart: Cart, mug: Product) -> None:
    carts.add_item(cart, mug, 5)

    assert carts.set_quantity(cart, mug, 2).quantity == 2
    removed = carts.set_quantity(cart, mug, 0)
    assert (removed.name, removed.quantity) == ("Mug", 2)
    assert not contents(cart)


def test_removing_twice_is_no_error(cart: Cart, mug: Product) -> None:
    carts.add_item(cart, mug)

    assert carts.remove_item(cart, mug).quantity == 1
    assert carts.remove_item(cart, mug) is None

    assert not contents(cart)


@pytest.mark.parametrize("quantity", [0, -1, 1000, 2**63])
def test_a_quantity_out_of_bounds_is_refused(cart: Cart, mug: Product, quantity: int) -> None:
    with pytest.raises(QuantityNotAllowed):
        carts.add_item(cart, mug, quantity)

    assert not contents(cart)


def test_the_sum_of_two_additions_is_bounded_too(cart: Cart) -> None:
    endless = make_product("Endless", stock=None)
    carts.add_item(cart, endless, 999)

    with pytest.raises(QuantityNotAllowed):
        carts.add_item(cart, endless)

    assert contents(cart).quantity == 999


def test_more_than_the_stock_is_refused_and_says_how_many_are_left(
    cart: Cart, lamp: Product
) -> None:
    carts.add_item(cart, lamp, 4)

    with pytest.raises(OutOfStock, match="Only 5 of “Lamp” are left"):
        carts.add_item(cart, lamp, 2)

    assert contents(cart).quantity == 4


def test_a_sold_out_product_says_so(cart: Cart) -> None:
    with pytest.raises(OutOfStock, match="“Last” is out of stock"):
        carts.add_item(cart, make_product("Last", stock=0))


def test_an_inactive_product_is_refused(cart: Cart) -> None:
    with pytest.raises(ProductUnavailable):
        carts.add_item(cart, make_product("Old", is_active=False))


def test_a_product_taken_off_sale_stays_visible_and_blocks_checkout(
    cart: Cart, mug: Product, lamp: Product
) -> None:
    carts.add_item(cart, mug)
    carts.add_item(cart, lamp)
    Product.objects.filter(pk=mug.pk).update(is_active=False)

    found = contents(cart)

    assert [line.name for line in found.lines] == ["Mug", "Lamp"]
    assert found.total == 129950
    with pytest.raises(ProductUnavailable, match="“Mug” is not for sale"):
        found.raise_if_not_orderable()


def test_a_cart_holds_a_hundred_products_as_stripe_does(cart: Cart) -> None:
    for number in range(100):
        carts.add_item(cart, make_product(f"Product {number}"))

    with pytest.raises(CartFull):
        carts.add_item(cart, make_product("One more"))


def test_an_empty_cart_can_not_be_ordered(cart: Cart) -> None:
    with pytest.raises(EmptyCart):
        contents(cart).raise_if_not_orderable()


def test_two_currencies_can_not_be_ordered_together() -> None:
    lines = [
        CartLine(
            product=Product(pk=number, name="Thing"),
            quantity=1,
            item=LineItem("Thing", 100, currency),
            available=None,
        )
        for number, currency in enumerate(["inr", "usd"])
    ]

    with pytest.raises(MixedCurrencies):
        CartContents(lines).raise_if_not_orderable()


def test_what_was_seen_may_be_ordered(cart: Cart, mug: Product) -> None:
    carts.add_item(cart, mug, 2)

    contents(cart).raise_if_not_orderable(contents(cart).fingerprint)


def test_a_price_that_rose_since_it_was_seen_is_named(cart: Cart, mug: Product) -> None:
    carts.add_item(cart, mug)
    seen = contents(cart).fingerprint
    Product.objects.filter(pk=mug.pk).update(price="599.00")

    with pytest.raises(CartChanged) as caught:
        contents(cart).raise_if_not_orderable(seen)

    assert caught.value.changes == ["“Mug” now costs ₹599.00."]


def test_another_currency_since_it_was_seen_is_named(
    cart: Cart, mug: Product, settings: Any
) -> None:
    carts.add_item(cart, mug)
    seen = contents(cart).fingerprint
    settings.STRIPE_CART_CURRENCY = "eur"

    with pytest.raises(CartChanged) as caught:
        contents(cart).raise_if_not_orderable(seen)

    assert caught.value.changes == ["“Mug” now costs €499.00."]


def test_every_other_change_is_named_too(cart: Cart, mug: Product, lamp: Product) -> None:
    tote = make_product("Tote")
    carts.add_item(cart, mug)
    carts.add_item(cart, tote)
    seen = contents(cart).fingerprint
    carts.add_item(cart, mug)
    carts.add_item(cart, lamp)
    carts.remove_item(cart, tote)

    with pytest.raises(CartChanged) as caught:
        contents(cart).raise_if_not_orderable(seen)

    assert caught.value.changes == [
        "The quantity of “Mug” in your cart is now 2.",
        "“Lamp” was added to your cart.",
        "A product is no longer in your cart.",
    ]


def test_a_fingerprint_is_compared_as_data(cart: Cart, mug: Product) -> None:
    carts.add_item(cart, mug)
    seen = json.dumps(json.loads(contents(cart).fingerprint), ensure_ascii=False, indent=2)

    contents(cart).raise_if_not_orderable(seen)


@pytest.mark.parametrize(
    "seen", ["", "[]", "null", "{}", "[[]]", "[[1,2]]", '[["1",NaN,1e999,"inr"]]', "[" * 9000]
)
def test_a_garbled_fingerprint_is_only_a_difference(cart: Cart, mug: Product, seen: str) -> None:
    carts.add_item(cart, mug)

    with pytest.raises(CartChanged):
        contents(cart).raise_if_not_orderable(seen)


def test_a_cart_is_read_in_one_query(
    cart: Cart, mug: Product, lamp: Product, django_assert_num_queries
) -> None:
    carts.add_item(cart, mug)
    carts.add_item(cart, lamp)

    with django_assert_num_queries(1):
        assert contents(cart).total == 179850


def test_a_new_line_is_found_by_a_manager_that_counts(
    cart: Cart, mug: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting(models.Manager["Product"]):
        def get_queryset(self) -> models.QuerySet[Product]:
            found = super().get_queryset().filter(is_active=True)
            return found.annotate(letters=Count("name") + Max(Length("name")))

    manager = Counting()
    manager.model = Product
    monkeypatch.setitem(vars(Product._meta), "default_manager", manager)

    def add(product_pk: int, quantity: int) -> CartLine | None:
        to = lambda held: held + quantity  # noqa: E731
        return change_line(cart.key, product_pk, to=to, visible_only=True).line

    assert add(mug.pk, 2).quantity == 2
    with pytest.raises(ProductUnavailable):
        add(make_product(slug="gone", is_active=False).pk, 1)
