"""Failed refunds that later refunds have made good."""

from __future__ import annotations

import pytest

from django_stripe_cart.models import Order, Product
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from tests.support.orders import buy, issues, refreshed

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def fail(sandbox: Sandbox, number: int) -> None:
    sandbox.set_refund_status(sandbox.refunds[number], "failed")


def test_a_refund_makes_only_one_good(paid: Order, sandbox: Sandbox) -> None:
    """The third refund replaces the second one. The first one fails after that."""
    for _time in range(2):
        refund_order(refreshed(paid), 30000)
    fail(sandbox, 1)
    refund_order(refreshed(paid), 30000)
    assert issues(paid) == []

    fail(sandbox, 0)

    assert paid.issues.open().get().about == sandbox.refunds[0]["id"]


def test_the_refund_that_was_to_replace_a_failed_one_fails_too(
    paid: Order, sandbox: Sandbox
) -> None:
    for number in range(2):
        refund_order(refreshed(paid), 30000)
        fail(sandbox, number)
    assert issues(paid) == ["refund_failed"]

    refund_order(refreshed(paid), 30000)
    assert issues(paid) == []


def test_a_smaller_refund_makes_nothing_good(paid: Order, sandbox: Sandbox) -> None:
    refund_order(paid, 30000)
    fail(sandbox, 0)

    refund_order(refreshed(paid), 29900)

    assert issues(paid) == ["refund_failed"]


def test_a_refund_of_other_items_makes_nothing_good(
    browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product
) -> None:
    browser.add(lamp)
    order = buy(browser, sandbox, mug, 2)
    one, other = order.items.get(name="Mug"), order.items.get(name="Lamp")
    refund_order(order, items={one: 1})
    fail(sandbox, 0)

    refund_order(refreshed(order), items={other: 1})
    assert issues(order) == ["refund_failed"]

    refund_order(refreshed(order), items={one: 1})
    assert issues(order) == []
