"""Each fault of Stripe's at each call: a sentence, nothing lost, and the shopper can go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_stripe_cart.models import Product
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.faults import API_FAULTS
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.invariants import settled_violations, violations
from django_stripe_cart.testing.payment_counter import start_counting, stop_counting
from tests.batteries.clock import settle
from tests.batteries.fault_scenarios import REFUND, STORIES, Shop, Story, webhook_that_looks

# What passes by itself, so that the SDK's second attempt meets the first one's traces.
PASSING = ("in_use", "unavailable", "timeout_after", "reset_after", "stored_server_error_after")
CASES = [
    *((story, call, kind, None) for story, call in STORIES for kind in API_FAULTS),
    *((story, call, kind, 1) for story, call in STORIES for kind in PASSING),
]


def name_of(case: tuple[Story, str, str, int | None]) -> str:
    story, call, kind, times = case
    return f"{story.__name__}-{call}-{kind}-{'once' if times else 'always'}"


@pytest.fixture
def shop(browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product) -> Iterator[Shop]:
    start_counting()
    yield Shop(browser, sandbox, mug, lamp)
    stop_counting()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_each_fault_at_each_call_loses_nothing(
    shop: Shop, case: tuple[Story, str, str, int | None]
) -> None:
    story, call, kind, times = case
    sandbox = shop.sandbox
    steps = story(shop)
    next(steps)
    before = len(sandbox.requests)
    sandbox.faults.add(call, kind=kind, times=times)

    next(steps)

    assert [met for met in sandbox.requests[before:] if met["fault"]], "The fault was never met."
    assert violations(sandbox, stock=shop.stock, handed_out=shop.handed_out) == []
    assert all(shop.said)
    if story is webhook_that_looks and times is None and kind != "slow":
        assert 500 in shop.rings

    sandbox.faults.clear()
    assert next(steps, "the end") == "the end"
    settle(sandbox)
    found = settled_violations(
        sandbox, stock=shop.stock, handed_out=shop.handed_out, payments_are_counted=True
    )
    assert found == []


def test_a_refusal_after_a_lost_response_keeps_the_refund(
    shop: Shop,
) -> None:
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    shop.sandbox.faults.add(REFUND, kind="timeout_after")
    shop.sandbox.faults.add(REFUND, kind="unauthorized")

    order = refund_order(shop.order, 100)

    assert (order.amount_refunded, order.refunds.get().status) == (100, "succeeded")
    assert not order.events.filter(kind="refund_refused").exists()
    shop.has_bought(shop.mug, refunded=100)


def test_every_fault_and_every_call_is_tried() -> None:
    assert len(API_FAULTS) == 17
    assert len({call for _, call in STORIES}) == 7
    assert len({story for story, _ in STORIES}) == 18
    assert len(CASES) == 30 * 17 + 30 * 5
