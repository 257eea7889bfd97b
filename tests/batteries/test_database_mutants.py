"""The guards in the database: each is taken away, here and only here, and the damage is shown.

Some databases stand in for a lost guard. SQLite lets in one writer at a time, and throws out a
transaction that has read what another has changed since; so does MariaDB from 11.6 on. The retry
then heals it. There the test says just that: no damage, with the guard or without.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, models, transaction

from django_stripe_cart import database, refunds, timeline
from django_stripe_cart import stock as stock_module
from django_stripe_cart.cart import changes as cart
from django_stripe_cart.checkout import placement
from django_stripe_cart.exceptions import OutOfStock
from django_stripe_cart.models import Order, Product
from django_stripe_cart.payments import order_change
from tests.batteries import actions
from tests.batteries.interleaving import A_LONG_MOMENT, Watched, meet
from tests.batteries.mutants import each_way, have_met, refuses_stale_writes
from tests.batteries.scenarios import Case, Deed

pytestmark = pytest.mark.battery


# --- the lock -------------------------------------------------------------------------------------


def read_only(model: type[models.Model], pk: Any) -> Any:
    return model._base_manager.get(pk=pk)


def find_only(model: type[models.Model], unique: dict[str, Any], **changes: Any) -> None:
    model._base_manager.get(**unique)


def take_the_lock_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "lock", read_only)
    monkeypatch.setattr(timeline, "lock_without_reading", read_only)
    for module in (cart, placement):
        monkeypatch.setattr(module, "lock_where", find_only)


@each_way
def test_without_the_lock_a_refund_is_overwritten(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        take_the_lock_away(monkeypatch)
    case.begin()
    case.pay()
    case.come_back()

    # The first counts what went back before the second is recorded, and saves it after that.
    meeting = have_met(
        case,
        (actions.refund, (case.order.pk, 10000)),
        (actions.refund, (case.order.pk, 20000)),
        at="before UPDATE refund",
    )

    assert (meeting.first.status, meeting.second.status) == (200, 200)
    if guarded or refuses_stale_writes():
        assert case.shop.violations() == []
        assert case.order.amount_refunded == 30000
    else:
        assert any("amount_refunded 10000" in one for one in case.shop.violations())


def read_as_changed(order: Order) -> dict[str, object]:
    fields = order._meta.concrete_fields
    return {field.attname: object() for field in fields if not field.primary_key}


@each_way
def test_without_lock_and_partial_save_a_refund_is_overwritten(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To save only what changed is the second line: it holds when the lock is gone."""
    take_the_lock_away(monkeypatch)
    if not guarded:
        monkeypatch.setattr(order_change, "_read_columns", read_as_changed)
    case.begin()
    case.pay()
    case.come_back()

    # The bell about the payment saves the order as it was before the refund.
    meeting = have_met(
        case,
        (actions.ring, case.shop.letter("checkout.session.completed")),
        (actions.refund, (case.order.pk, 30000)),
        at="before UPDATE order",
    )

    assert (meeting.first.status, meeting.second.status) == (200, 200)
    if guarded or refuses_stale_writes():
        assert case.shop.violations() == []
        assert case.order.amount_refunded == 30000
    else:
        assert any("amount_refunded 0," in one for one in case.shop.violations())


# --- the conditional UPDATE -----------------------------------------------------------------------


def read_then_write(pk: Any, quantity: int) -> int:
    left = Product.objects.get(pk=pk).stock or 0
    if left < quantity:
        raise OutOfStock
    Product.objects.filter(pk=pk).update(stock=left - quantity)
    return quantity


@each_way
def test_without_the_conditional_update_the_last_piece_is_sold_twice(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(stock_module, "_take_one", read_then_write)
    last = case.shop.sell("Last", stock=1)
    other = case.shop.shopper()
    for browser in (case.shopper, other):
        browser.add(last)

    have_met(
        case,
        case.press_checkout(),
        (actions.press_checkout, (other.user.pk, other.open_cart())),
        at="before UPDATE product",
    )

    if guarded or refuses_stale_writes():
        assert case.shop.violations() == []
        assert Order.objects.count() == 1
    else:
        assert f"Product {last.pk} has a stock of 0 and orders hold 2, but there were 1." in (
            case.shop.violations()
        )


# --- the unique open_cart -------------------------------------------------------------------------


@contextmanager
def without_the_unique_slot() -> Iterator[None]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Order._meta.db_table)
    (name,) = [
        name for name, one in found.items() if one["unique"] and one["columns"] == ["open_cart_id"]
    ]
    table = Order._meta.db_table
    is_mysql = connection.vendor == "mysql"
    drop = "DROP INDEX" if is_mysql else "DROP CONSTRAINT"
    with connection.cursor() as cursor:
        if is_mysql:  # its foreign key needs an index
            cursor.execute(f"CREATE INDEX meanwhile ON {table} (open_cart_id)")
        cursor.execute(f"ALTER TABLE {table} {drop} {name}")
        try:
            yield
        finally:
            Order.objects.update(open_cart=None)
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (open_cart_id)")
            if is_mysql:
                cursor.execute(f"DROP INDEX meanwhile ON {table}")


@each_way
def test_without_lock_and_unique_constraint_a_cart_has_two_orders(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slot is the second line: it holds when the lock is gone, and only the lock."""
    take_the_lock_away(monkeypatch)
    case.shopper.add(case.mug, 2)
    windows = case.press_checkout(), case.press_checkout()

    if refuses_stale_writes():
        meeting = have_met(case, *windows, at="before UPDATE product")
        assert (meeting.first.url, case.shop.violations()) == (meeting.second.url, [])
    elif guarded:
        meeting = have_met(case, *windows, at="before UPDATE product")
        assert (meeting.first.status, meeting.second.status) == (500, 303)
        assert case.shop.violations() == []
    else:
        with without_the_unique_slot():
            meeting = have_met(case, *windows, at="before UPDATE product")
            assert (meeting.first.status, meeting.second.status) == (303, 303)
            assert any("has 2 pending orders" in one for one in case.shop.violations())


# --- the retry ------------------------------------------------------------------------------------

# Do not wait for a lock for long.
IMPATIENT = {
    "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
    "postgresql": "SET lock_timeout = 100",
    "sqlite": "PRAGMA busy_timeout = 100",
}


def check_out_impatiently(user_pk: int, seen: str) -> actions.Answer:
    with connection.cursor() as cursor:
        cursor.execute(IMPATIENT[connection.vendor])
    return actions.press_checkout(user_pk, seen)


class SomebodyElse(threading.Thread):
    """A transaction of the host's own, that keeps the product's row locked for a while."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.has_it, self.may_go = threading.Event(), threading.Event()

    def run(self) -> None:
        with transaction.atomic():
            Product.objects.update(description="On sale!")
            self.has_it.set()
            self.may_go.wait(120)
        connections.close_all()

    def let_go(self) -> None:
        self.may_go.set()
        self.join(120)


@each_way
def test_without_the_retry_a_lock_timeout_is_a_server_error(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(database, "ATTEMPTS", 1)
    case.shopper.add(case.mug, 2)
    pk, seen = case.shopper.user.pk, case.shopper.open_cart()
    # On SQLite the first write locks everything, so somebody else has to come before that.
    point = "before UPDATE cart" if connection.vendor == "sqlite" else "before UPDATE product"
    other = SomebodyElse()

    def reach(name: str) -> None:
        if name != point:
            return
        if not other.has_it.is_set():
            other.start()
            assert other.has_it.wait(120)
        else:
            other.let_go()

    actor = Watched((check_out_impatiently, (pk, seen)), pk, reach)
    assert actor.finish()
    other.let_go()

    answer = actor.outcome
    assert case.shop.violations() == []
    if guarded:
        assert case.shop.note_address(answer.url)
    else:
        assert (answer.status, answer.url) == (500, "")


# --- the reservation of refunds -------------------------------------------------------------------


@each_way
def test_without_the_lock_more_is_reserved_than_was_paid(
    case: Case, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(refunds, "lock_order", lambda order: Order.objects.get(pk=order.pk))
    case.begin()
    case.pay()
    case.come_back()
    found: list[str] = []

    def is_there(_number: int, name: str) -> bool:
        if name == "before POST /v1/refunds":
            found.extend(case.shop.violations())
        return name == "before INSERT orderevent"

    deed: Deed = actions.refund, (case.order.pk, 30000)
    pk = case.shopper.user.pk
    meet(case.shop.sandbox, deed, deed, at=is_there, users=(pk, pk), moment=A_LONG_MOMENT)

    # Stripe is the last line: it refuses what is more than it has.
    assert case.shop.refunded() == 30000
    if guarded or refuses_stale_writes():
        assert found == []
    else:
        assert f"Order {case.order.reference} was paid 40000, and refunded 60000." in found
