"""Statements that are compiled once, and run with other values each time."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connections
from django.db.models import Count
from pytest_django import DjangoAssertNumQueries

from django_stripe_cart.models import Cart, Product
from django_stripe_cart.prepared import Given, Prepared, Subselect
from django_stripe_cart.testing.factories import CartFactory

pytestmark = pytest.mark.database


@pytest.fixture
def by_token(db: None) -> Prepared[Cart]:
    return Prepared(Cart.objects.filter(token=Given(Cart, "token")))


def test_each_run_has_values_of_its_own(by_token: Prepared[Cart]) -> None:
    first, second = (CartFactory(token=token) for token in ("first", "second"))

    assert by_token.read({"token": "first"}) == [first]
    assert by_token.read({"token": "second"}) == [second]
    assert by_token.read({"token": "third"}) == []


def test_rows_are_read_each_time(
    by_token: Prepared[Cart], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        by_token.read({"token": "first"})
        by_token.read({"token": "first"})


# MySQL has no row with it, and Django refuses to write it there; but a browser may ask for it.
def test_a_key_may_be_0(db: None) -> None:
    assert Prepared(Cart.objects.filter(pk=Given(Cart, "pk"))).read({"pk": 0}) == []


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection(by_token: Prepared[Cart]) -> None:
    cart = CartFactory(token="first")
    found: list[list[Cart]] = [by_token.read({"token": "first"})]

    def read() -> None:
        found.append(by_token.read({"token": "first"}))
        connections.close_all()

    thread = Thread(target=read)
    thread.start()
    thread.join()

    assert found == [[cart], [cart]]


def test_a_subselect_may_stand_in_a_query_that_counts(mug: Product) -> None:
    """As the query of a host's own manager may."""
    cart = CartFactory(token="first")
    key = Prepared(Cart.objects.filter(token=Given(Cart, "token")).values("pk"))

    rows = Product.objects.annotate(count=Count("pk"), cart=Subselect(key, {"token": "first"}))

    assert list(rows.values_list("name", "count", "cart")) == [("Mug", 1, cart.pk)]
