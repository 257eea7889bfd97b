"""What Stripe says of a session is recorded, whatever a host's database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection

from django_stripe_cart import gateway
from django_stripe_cart.attention import settle_issue
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, Product
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from tests.support.host_rules import refuse_more_stock
from tests.support.orders import close_only_here, issues, refreshed, settle

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def test_an_order_is_canceled_although_its_stock_is_refused(pending: Order, mug: Product) -> None:
    refuse_more_stock(mug)

    order = cancel_order(pending)

    assert (order.status, issues(order)) == ("canceled", ["stock_not_returned"])
    assert order.items.get().stock_taken == 2


def test_an_order_expires_although_its_stock_is_refused(
    pending: Order, sandbox: Sandbox, mug: Product
) -> None:
    refuse_more_stock(mug)

    sandbox.expire(pending.session_id)

    order = refreshed(pending)
    assert (order.status, issues(order)) == ("expired", ["stock_not_returned"])
    assert order.open_cart is None


def test_stock_that_staff_has_counted_is_not_held_any_more(pending: Order, mug: Product) -> None:
    refuse_more_stock(mug)
    issue = cancel_order(pending).issues.get()

    settle_issue(issue, note="Counted: 8 on the shelf.")

    assert pending.items.get().stock_taken == 0
    assert (issues(pending), pending.issues.get().note) == ([], "Counted: 8 on the shelf.")


def test_an_order_is_canceled_although_the_products_model_is_broken(
    pending: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Product, "stock_field", "no_such_column")

    order = cancel_order(pending)

    assert (order.status, issues(order)) == ("canceled", ["stock_not_returned"])


def test_a_late_payment_is_recorded_although_the_products_model_is_broken(
    pending: Order, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_only_here(pending)
    pending.items.update(stock_taken=0)
    monkeypatch.setattr(Product, "stock_field", "no_such_column")

    sandbox.pay(pending.session_url)

    assert (refreshed(pending).status, issues(pending)) == ("processing", ["paid_without_stock"])


@pytest.mark.parametrize("is_late", [False, True])
def test_stock_that_another_transaction_locks_is_asked_for_again(
    pending: Order, sandbox: Sandbox, mug: Product, is_late: bool
) -> None:
    if is_late:
        close_only_here(pending)

    with connection.execute_wrapper(LockedOnce()):
        if is_late:
            pending.items.update(stock_taken=0)
            sandbox.pay(pending.session_url)
        else:
            cancel_order(pending)

    order = refreshed(pending)
    assert (order.status, issues(order)) == ("paid" if is_late else "canceled", [])


class LockedOnce:
    """Refuses the first change of a product, as SQLite does while another process writes."""

    has_refused = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "UPDATE" in sql and "stripe_cart_product" in sql and not self.has_refused:
            self.has_refused = True
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)


def test_another_amount_of_a_debit_that_was_clearing_is_held(
    pending: Order, sandbox: Sandbox
) -> None:
    sandbox.pay_by_bank_debit(pending.session_url)
    Order.objects.update(total=1)

    sandbox.settle(pending.session_id)

    assert (refreshed(pending).status, issues(pending)) == ("processing", ["amount_mismatch"])


def test_a_second_payment_that_staff_has_settled_is_not_reported_again(
    paid: Order, sandbox: Sandbox
) -> None:
    second = gateway.create_session(paid.session_params or {}, idempotency_key="second")
    sandbox.pay(second.id)
    settle(paid, "unknown_money")

    sync_order(paid, session=gateway.retrieve_session(second.id))

    assert issues(paid) == []


def test_an_adopted_session_brings_its_mode_and_its_key(pending: Order, sandbox: Sandbox) -> None:
    """The backup was taken before the parameters of the session were saved."""
    Order.objects.update(session_id=None, session_url="", session_params=None, api_key_digest="")

    sandbox.pay(str(pending.session_id))

    order = refreshed(pending)
    assert (order.status, order.session_id) == ("paid", pending.session_id)
    assert order.api_key_digest == conf.api_key_digest
