"""Mutants without a guard in the database, and the invariant that each breaks.

Some databases replace a lost guard. SQLite allows one writer at a time, and refuses the writes of a
transaction whose reads are outdated; so does MariaDB from 11.6 on. The retry then succeeds, and no
invariant breaks with the guard or without it.
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
from tests.batteries.actions import Action
from tests.batteries.interleaving import SURELY_BLOCKED_AFTER, TracedActor, interleave
from tests.batteries.mutants import interleave_at, refuses_stale_writes, with_and_without_guard
from tests.batteries.scenarios import Scenario

# --- the lock -------------------------------------------------------------------------------------


def read_without_lock(model: type[models.Model], pk: Any) -> Any:
    return model._base_manager.get(pk=pk)


def find_without_lock(model: type[models.Model], unique: dict[str, Any], **changes: Any) -> None:
    model._base_manager.get(**unique)


def remove_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "lock", read_without_lock)
    monkeypatch.setattr(timeline, "lock_without_reading", read_without_lock)
    for module in (cart, placement):
        monkeypatch.setattr(module, "lock_where", find_without_lock)


def refund_in_dashboard(scenario: Scenario, amount: int) -> actions.Outcome:
    sandbox = scenario.shop.sandbox
    sandbox.refund(sandbox.payment_intents[0], amount=amount)
    return actions.deliver_webhook(*scenario.shop.signed_event("charge.refunded"))


@with_and_without_guard
def test_without_the_lock_a_refund_is_overwritten(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        remove_the_lock(monkeypatch)
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()

    # The first sums up the refunds before the second is recorded, and saves the sum after it.
    interleaving = interleave_at(
        scenario,
        (actions.refund, (scenario.order.pk, 10000)),
        (refund_in_dashboard, (scenario, 20000)),
        at="before UPDATE refund",
    )

    assert (interleaving.first.status, interleaving.second.status) == (200, 200)
    if guarded or refuses_stale_writes():
        assert scenario.shop.violations() == []
        assert scenario.order.amount_refunded == 30000
    else:
        assert any("amount_refunded 10000" in one for one in scenario.shop.violations())


def read_all_as_changed(order: Order) -> dict[str, object]:
    fields = order._meta.concrete_fields
    return {field.attname: object() for field in fields if not field.primary_key}


@with_and_without_guard
def test_without_lock_and_partial_save_a_refund_is_overwritten(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saving only the changed fields is the second guard: it works without the lock."""
    remove_the_lock(monkeypatch)
    if not guarded:
        monkeypatch.setattr(order_change, "_read_columns", read_all_as_changed)
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()

    # The webhook of the payment saves the order as it was before the refund.
    interleaving = interleave_at(
        scenario,
        (actions.deliver_webhook, scenario.shop.signed_event("checkout.session.completed")),
        (actions.refund, (scenario.order.pk, 30000)),
        at="before UPDATE order",
    )

    assert (interleaving.first.status, interleaving.second.status) == (200, 200)
    if guarded or refuses_stale_writes():
        assert scenario.shop.violations() == []
        assert scenario.order.amount_refunded == 30000
    else:
        assert any("amount_refunded 0," in one for one in scenario.shop.violations())


# --- the conditional UPDATE -----------------------------------------------------------------------


def read_then_write(pk: Any, quantity: int) -> int:
    left = Product.objects.get(pk=pk).stock or 0
    if left < quantity:
        raise OutOfStock
    Product.objects.filter(pk=pk).update(stock=left - quantity)
    return quantity


@with_and_without_guard
def test_without_the_conditional_update_the_last_piece_is_sold_twice(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(stock_module, "_take_one", read_then_write)
    last = scenario.shop.add_product("Last", stock=1)
    other = scenario.shop.create_shopper()
    for browser in (scenario.shopper, other):
        browser.add(last)

    interleave_at(
        scenario,
        scenario.checkout_action(),
        (actions.check_out, (other.user.pk, other.open_cart())),
        at="before UPDATE product",
    )

    if guarded or refuses_stale_writes():
        assert scenario.shop.violations() == []
        assert Order.objects.count() == 1
    else:
        assert f"Product {last.pk} has a stock of 0 and orders hold 2, but there were 1." in (
            scenario.shop.violations()
        )


# --- the unique constraint on open_cart -----------------------------------------------------------


@contextmanager
def without_unique_constraint() -> Iterator[None]:
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
            cursor.execute(f"CREATE INDEX open_cart_index ON {table} (open_cart_id)")
        cursor.execute(f"ALTER TABLE {table} {drop} {name}")
        try:
            yield
        finally:
            Order.objects.update(open_cart=None)
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (open_cart_id)")
            if is_mysql:
                cursor.execute(f"DROP INDEX open_cart_index ON {table}")


@with_and_without_guard
def test_without_lock_and_unique_constraint_a_cart_has_two_orders(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique constraint is the second guard: it works without the lock."""
    remove_the_lock(monkeypatch)
    scenario.shopper.add(scenario.mug, 2)
    checkouts = scenario.checkout_action(), scenario.checkout_action()

    if refuses_stale_writes():
        interleaving = interleave_at(scenario, *checkouts, at="before UPDATE product")
        assert (interleaving.first.url, scenario.shop.violations()) == (interleaving.second.url, [])
    elif guarded:
        interleaving = interleave_at(scenario, *checkouts, at="before UPDATE product")
        assert (interleaving.first.status, interleaving.second.status) == (500, 303)
        assert scenario.shop.violations() == []
    else:
        with without_unique_constraint():
            interleaving = interleave_at(scenario, *checkouts, at="before UPDATE product")
            assert (interleaving.first.status, interleaving.second.status) == (303, 303)
            assert any("has 2 pending orders" in one for one in scenario.shop.violations())


# --- the retry ------------------------------------------------------------------------------------

# Wait for a lock only for a short time.
SHORT_LOCK_TIMEOUT = {
    "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
    "postgresql": "SET lock_timeout = 100",
    "sqlite": "PRAGMA busy_timeout = 100",
}


def check_out_with_short_lock_timeout(user_pk: int, page: str) -> actions.Outcome:
    with connection.cursor() as cursor:
        cursor.execute(SHORT_LOCK_TIMEOUT[connection.vendor])
    return actions.check_out(user_pk, page)


class LockingTransaction(threading.Thread):
    """A transaction of the host that locks the rows of the products until it is released."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.has_lock, self.may_commit = threading.Event(), threading.Event()

    def run(self) -> None:
        with transaction.atomic():
            Product.objects.update(description="On sale!")
            self.has_lock.set()
            self.may_commit.wait(120)
        connections.close_all()

    def release(self) -> None:
        self.may_commit.set()
        self.join(120)


@with_and_without_guard
def test_without_the_retry_a_lock_timeout_is_a_server_error(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(database, "ATTEMPTS", 1)
    scenario.shopper.add(scenario.mug, 2)
    pk, page = scenario.shopper.user.pk, scenario.shopper.open_cart()
    # On SQLite the first write locks the database, so the other transaction must start before it.
    point = "before UPDATE cart" if connection.vendor == "sqlite" else "before UPDATE product"
    other = LockingTransaction()

    def lock_and_release(name: str) -> None:
        if name != point:
            return
        if not other.has_lock.is_set():
            other.start()
            assert other.has_lock.wait(120)
        else:
            other.release()

    actor = TracedActor((check_out_with_short_lock_timeout, (pk, page)), pk, lock_and_release)
    assert actor.finish()
    other.release()

    outcome = actor.outcome
    assert scenario.shop.violations() == []
    if guarded:
        assert scenario.shop.record_payment_url(outcome.url)
    else:
        assert (outcome.status, outcome.url) == (500, "")


# --- the reservation of refunds -------------------------------------------------------------------


@with_and_without_guard
def test_without_the_lock_more_is_reserved_than_was_paid(
    scenario: Scenario, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(refunds, "lock_order", lambda order: Order.objects.get(pk=order.pk))
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()
    found: list[str] = []

    def check_before_request(_number: int, name: str) -> bool:
        if name == "before POST /v1/refunds":
            found.extend(scenario.shop.violations())
        return name == "before INSERT orderevent"

    action: Action = actions.refund, (scenario.order.pk, 30000)
    pk = scenario.shopper.user.pk
    interleave(
        scenario.shop.sandbox,
        action,
        action,
        at=check_before_request,
        users=(pk, pk),
        blocked_after=SURELY_BLOCKED_AFTER,
    )

    # Stripe is the last guard: it refuses to refund more than was paid.
    assert scenario.shop.amount_refunded() == 30000
    if guarded or refuses_stale_writes():
        assert found == []
    else:
        assert f"Order {scenario.order.reference} was paid 40000, but refunded 60000." in found
