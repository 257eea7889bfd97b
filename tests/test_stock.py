"""Stock: taken whole or not at all, given back once, and never below nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import override_settings

from django_stripe_cart import stock
from django_stripe_cart.exceptions import OutOfStock
from django_stripe_cart.models import Order, Product
from django_stripe_cart.testing.factories import (
    CartFactory,
    OrderFactory,
    OrderItemFactory,
    make_product,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# Any model will do that says nothing of stock.
uncounted = override_settings(STRIPE_CART_PRODUCT_MODEL="auth.Group")


def stock_by_name() -> dict[str, int | None]:
    return dict(Product.objects.values_list("name", "stock"))


def order_of(*lines: tuple[Product | None, int, int], **fields: Any) -> Order:
    """An order of products, each with how many were ordered and how many are taken."""
    order = OrderFactory(total=1, **fields)
    for product, quantity, taken in lines:
        OrderItemFactory(
            order=order,
            product=product,
            name="Line",
            unit_amount=1,
            quantity=quantity,
            stock_taken=taken,
        )
    return order


def stock_taken_by(order: Order) -> list[int]:
    return list(order.items.order_by("pk").values_list("stock_taken", flat=True))


# --- taking ---------------------------------------------------------------------------------


def test_what_is_taken_is_counted_down(mug: Product, lamp: Product) -> None:
    taken = stock.take({lamp.pk: 5, mug.pk: 2})

    assert taken == {mug.pk: 2, lamp.pk: 5}
    assert stock_by_name() == {"Mug": 8, "Lamp": 0}


def test_more_than_is_left_is_refused_by_name(mug: Product) -> None:
    with pytest.raises(OutOfStock, match="Mug"):
        stock.take({mug.pk: 11})

    assert stock_by_name() == {"Mug": 10}


def test_one_product_that_is_short_leaves_all_others_where_they_were(
    mug: Product, lamp: Product
) -> None:
    with pytest.raises(OutOfStock, match="Lamp"), transaction.atomic():
        stock.take({mug.pk: 1, lamp.pk: 6})

    assert stock_by_name() == {"Mug": 10, "Lamp": 5}


def test_a_product_that_is_not_counted_is_never_short() -> None:
    download = make_product("Download", stock=None)

    assert stock.take({download.pk: 999}) == {download.pk: 0}
    assert stock_by_name() == {"Download": None}


def test_a_product_that_is_gone_cannot_be_taken(mug: Product) -> None:
    gone = mug.pk
    mug.delete()

    with pytest.raises(OutOfStock, match="this product"):
        stock.take({gone: 1})


def test_taking_stock_reads_the_current_count(mug: Product) -> None:
    stale = Product.objects.get(pk=mug.pk)
    Product.objects.update(stock=1)

    with pytest.raises(OutOfStock):
        stock.take({stale.pk: 2})


def test_products_are_taken_in_the_order_of_their_keys(mug: Product, lamp: Product) -> None:
    taken = []

    def listen(execute: Callable[..., Any], sql: str, params: Any, *args: Any) -> Any:
        if sql.startswith("UPDATE"):
            taken.extend(value for value in params if value in (mug.pk, lamp.pk))
        return execute(sql, params, *args)

    Product.objects.update(stock=900)
    with connection.execute_wrapper(listen):
        stock.take({lamp.pk: 700, mug.pk: 800})

    assert taken == sorted([mug.pk, lamp.pk])


# --- giving back and taking again -----------------------------------------------------------


def test_what_was_taken_is_given_back_once(mug: Product, lamp: Product) -> None:
    order = order_of((mug, 3, 3), (lamp, 1, 0))

    stock.give_back(order)
    stock.give_back(order)
    stock.give_back(Order.objects.get(pk=order.pk))

    assert stock_by_name() == {"Mug": 13, "Lamp": 5}
    assert stock_taken_by(order) == [0, 0]


def test_nothing_is_given_back_to_a_product_that_is_gone(mug: Product, lamp: Product) -> None:
    order = order_of((mug, 3, 3), (lamp, 2, 2))
    mug.delete()

    stock.give_back(Order.objects.get(pk=order.pk))

    assert stock_by_name() == {"Lamp": 7}
    assert stock_taken_by(order) == [0, 0]


def test_a_product_that_is_no_longer_counted_stays_so() -> None:
    download = make_product("Download", stock=None)

    stock.give_back(order_of((download, 3, 3)))

    assert stock_by_name() == {"Download": None}


def test_what_was_given_back_can_be_taken_again(mug: Product, lamp: Product) -> None:
    order = order_of((mug, 3, 3), (lamp, 2, 2))
    stock.give_back(order)

    stock.take_again(Order.objects.get(pk=order.pk))

    assert stock_by_name() == {"Mug": 10, "Lamp": 5}
    assert stock_taken_by(order) == [3, 2]


def test_taking_again_takes_only_what_is_missing(mug: Product, lamp: Product) -> None:
    order = order_of((mug, 3, 3), (lamp, 2, 0), (None, 1, 0))

    stock.take_again(order)
    stock.take_again(Order.objects.get(pk=order.pk))

    assert stock_by_name() == {"Mug": 10, "Lamp": 3}
    assert stock_taken_by(order) == [3, 2, 0]


def test_taking_again_fails_whole(mug: Product, lamp: Product) -> None:
    order = order_of((mug, 3, 0), (lamp, 6, 0))

    with pytest.raises(OutOfStock), transaction.atomic():
        stock.take_again(order)

    assert stock_by_name() == {"Mug": 10, "Lamp": 5}
    assert stock_taken_by(order) == [0, 0]


# --- what is left ---------------------------------------------------------------------------


def test_what_is_available_is_what_the_product_says(mug: Product) -> None:
    assert stock.available(mug) == 10
    assert stock.available(make_product("Download", stock=None)) is None


def test_a_cart_knows_what_its_own_open_order_holds(user: User, mug: Product) -> None:
    cart = CartFactory(user=user)
    order_of((mug, 2, 2), cart=cart, open_cart=None)
    assert stock.held_by(cart, mug) == 0

    order_of((mug, 3, 3), cart=cart)
    assert stock.held_by(cart, mug) == 3


def test_a_shop_without_stock_counts_nothing(mug: Product) -> None:
    order = order_of((mug, 1, 1))

    with uncounted:
        assert stock.available(mug) is None
        assert stock.take({mug.pk: 999}) == {mug.pk: 0}
        stock.give_back(order)

    assert stock_by_name() == {"Mug": 10}


# --- between real connections ---------------------------------------------------------------


def in_threads(works: list[Callable[[], None]]) -> list[bool]:
    """Do all at once, each on a connection of its own; whether each had what it wanted."""

    def run(work: Callable[[], None]) -> bool:
        try:
            with transaction.atomic():
                work()
        except OutOfStock:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(max_workers=6) as threads:
        return list(threads.map(run, works))


@pytest.mark.django_db(transaction=True)
def test_the_last_five_are_sold_to_five_of_twelve(lamp: Product) -> None:
    sold = in_threads([lambda: stock.take({lamp.pk: 1}) and None] * 12)

    assert sold.count(True) == 5
    assert stock_by_name() == {"Lamp": 0}


@pytest.mark.django_db(transaction=True)
def test_two_orders_of_the_same_products_do_not_deadlock(mug: Product, lamp: Product) -> None:
    Product.objects.update(stock=100)
    one = {mug.pk: 1, lamp.pk: 1}
    other = {lamp.pk: 1, mug.pk: 1}

    # Without any retry: a deadlock would be raised.
    sold = in_threads([lambda: stock.take(one) and None, lambda: stock.take(other) and None] * 20)

    assert all(sold)
    assert stock_by_name() == {"Mug": 60, "Lamp": 60}
