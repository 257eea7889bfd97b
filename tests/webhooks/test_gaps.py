"""Events that Stripe does not list any more: the orders are synced in their place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from django_stripe_cart.deadlines import deadline
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import EventCursor, Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_refunded
from django_stripe_cart.webhooks import read_missed_events, sync_orders_of_gap
from tests.support.clock import age_rows_and_sandbox

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

MakeOrder = Callable[..., Order]

DAY = timedelta(days=1)


@pytest.fixture
def silent(silent: Sandbox, db: None) -> Sandbox:
    """A Stripe whose webhooks do not arrive, and whose events were read once."""
    read_missed_events()
    return silent


@pytest.fixture
def missed(silent: Sandbox, make_order: MakeOrder) -> list[Order]:
    """Three orders with a refund and a dispute each, of which nobody told for 40 days."""
    orders = [make_order("paid") for _number in range(3)]
    for order in orders:
        silent.refund(str(order.payment_intent_id), amount=100)
        silent.open_dispute(str(order.payment_intent_id), is_inquiry=True)
    age_rows_and_sandbox(silent, 40 * DAY)
    assert read_missed_events().has_gap
    return orders


def refunds_and_disputes() -> list[tuple[int, int]]:
    orders = Order.objects.order_by("pk")
    return [(order.amount_refunded, order.disputes.count()) for order in orders]


def has_gap() -> bool:
    return EventCursor.objects.get().gap_since is not None


def test_each_paid_order_is_synced_with_its_refunds_and_disputes(missed: list[Order]) -> None:
    assert refunds_and_disputes() == [(0, 0)] * 3

    results = list(sync_orders_of_gap())

    assert [result.error for result in results] == [None] * 3
    assert refunds_and_disputes() == [(100, 1)] * 3


def test_reviews_and_early_fraud_warnings_are_found(silent: Sandbox, make_order: MakeOrder) -> None:
    reviewed, warned = make_order("paid"), make_order("paid")
    silent.open_review(str(reviewed.session_id))
    silent.warn_of_fraud(str(warned.session_id))
    age_rows_and_sandbox(silent, 40 * DAY)
    read_missed_events()

    list(sync_orders_of_gap())

    reasons = [list(order.issues.values_list("reason", flat=True)) for order in (reviewed, warned)]
    assert reasons == [["review"], ["early_fraud_warning"]]


def test_the_gap_is_closed_after_the_last_order(missed: list[Order]) -> None:
    list(sync_orders_of_gap())

    assert not has_gap()
    assert not read_missed_events().has_gap
    assert list(sync_orders_of_gap()) == []


def test_the_sync_goes_on_where_it_stopped(missed: list[Order]) -> None:
    first = next(sync_orders_of_gap())
    assert has_gap()

    rest = list(sync_orders_of_gap())

    assert [result.order for result in (first, *rest)] == missed


def test_a_gap_stays_until_an_order_that_failed_is_synced(
    silent: Sandbox, missed: list[Order]
) -> None:
    silent.faults.add(f"GET /v1/checkout/sessions/{missed[1].session_id}", kind="bad_request")

    results = list(sync_orders_of_gap())

    assert [result.error is None for result in results] == [True, False, True]
    assert has_gap()
    assert [result.order for result in sync_orders_of_gap()] == missed[1:]
    assert not has_gap()
    assert refunds_and_disputes() == [(100, 1)] * 3


def test_a_failing_receiver_keeps_the_gap_open(missed: list[Order]) -> None:
    def fail(**kwargs: Any) -> None:
        raise LookupError("a bug of the host's")

    order_refunded.connect(fail)
    try:
        results = list(sync_orders_of_gap())
    finally:
        order_refunded.disconnect(fail)

    assert len(results) == 3
    assert has_gap()


def test_an_order_of_another_account_does_not_keep_the_gap_open(
    silent: Sandbox, missed: list[Order]
) -> None:
    Order.objects.filter(pk=missed[0].pk).update(session_id="cs_test_elsewhere")

    results = list(sync_orders_of_gap())

    assert [result.error is None for result in results] == [False, True, True]
    assert not has_gap()


def test_a_silent_stripe_ends_the_sync(silent: Sandbox, missed: list[Order]) -> None:
    silent.faults.add("GET /v1/checkout/sessions/*", kind="timeout_before", times=None)

    assert len(list(sync_orders_of_gap())) == 3

    silent.faults.clear()
    list(sync_orders_of_gap())  # tells that the pass is over, with failures
    list(sync_orders_of_gap())
    assert refunds_and_disputes() == [(100, 1)] * 3
    assert not has_gap()


def test_a_deadline_ends_the_sync(missed: list[Order]) -> None:
    with deadline(0):
        assert list(sync_orders_of_gap()) == []

    assert len(list(sync_orders_of_gap())) == 3


def test_orders_of_the_last_180_days_are_synced(silent: Sandbox, missed: list[Order]) -> None:
    Order.objects.filter(pk=missed[0].pk).update(placed_at=timezone.now() - 181 * DAY)

    assert [result.order for result in sync_orders_of_gap()] == missed[1:]


def test_an_order_closed_with_another_accounts_key_is_synced_too(
    silent: Sandbox, pending: Order, settings: Any
) -> None:
    mine = settings.STRIPE_CART_SECRET_KEY
    silent.pay(pending.session_url)
    age_rows_and_sandbox(silent, 40 * DAY)
    settings.STRIPE_CART_SECRET_KEY = "sk_test_of_another_account"
    with transport(Sandbox().http_client()):
        assert sync_order(Order.objects.get()).status == "expired"
    settings.STRIPE_CART_SECRET_KEY = mine
    assert read_missed_events().has_gap

    list(sync_orders_of_gap())

    assert Order.objects.get().status == "paid"


def test_a_second_gap_begins_again_with_the_first_order(
    silent: Sandbox, missed: list[Order]
) -> None:
    steps = sync_orders_of_gap()
    next(steps)
    age_rows_and_sandbox(silent, 40 * DAY)
    read_missed_events()

    rest = [result.order for result in steps]

    assert rest == [*missed[1:], *missed]
    assert not has_gap()


def test_a_sync_that_ends_while_it_saves_a_gap_loses_no_gap(
    silent: Sandbox, make_order: MakeOrder
) -> None:
    make_order("paid")
    age_rows_and_sandbox(silent, 40 * DAY)

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE") and "gap_since" in sql.partition("WHERE")[0]:
            raise DatabaseError("The server has stopped.")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail), pytest.raises(DatabaseError):
        read_missed_events()

    assert read_missed_events().has_gap


def test_no_gap_is_said_of_a_key_that_replaces_another(
    silent: Sandbox, make_order: MakeOrder, settings: Any
) -> None:
    make_order("paid")
    age_rows_and_sandbox(silent, 40 * DAY)
    EventCursor.objects.update(seen_until=timezone.now())
    settings.STRIPE_CART_SECRET_KEY = "sk_test_the_next_key"

    assert not read_missed_events().has_gap


def test_a_first_reading_says_a_gap_if_there_are_older_paid_orders(
    sandbox: Sandbox, make_order: MakeOrder
) -> None:
    sandbox.hold_deliveries = True
    order = make_order("paid")
    sandbox.refund(str(order.payment_intent_id), amount=100)
    age_rows_and_sandbox(sandbox, 40 * DAY)

    assert read_missed_events().has_gap

    list(sync_orders_of_gap())
    assert refunds_and_disputes() == [(100, 0)]
    assert not has_gap()


def test_a_key_that_replaces_one_with_a_gap_has_the_gap(missed: list[Order], settings: Any) -> None:
    settings.STRIPE_CART_SECRET_KEY = "sk_test_the_next_key"

    assert read_missed_events().has_gap

    list(sync_orders_of_gap())
    assert refunds_and_disputes() == [(100, 1)] * 3
