"""Each fault of Stripe at each API call: an error message, no loss, and the shopper can retry."""

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
from tests.batteries.convergence import sync_until_stable
from tests.batteries.fault_scenarios import (
    REFUND,
    SCENARIOS,
    FaultScenario,
    FaultShop,
    webhook_that_syncs,
)

# Faults that end by themselves, so that the SDK's second attempt finds the effect of the first
TRANSIENT = ("in_use", "unavailable", "timeout_after", "reset_after", "stored_server_error_after")
CASES = [
    *((scenario, call, kind, None) for scenario, call in SCENARIOS for kind in API_FAULTS),
    *((scenario, call, kind, 1) for scenario, call in SCENARIOS for kind in TRANSIENT),
]


def id_of(case: tuple[FaultScenario, str, str, int | None]) -> str:
    scenario, call, kind, times = case
    return f"{scenario.__name__}-{call}-{kind}-{'once' if times else 'always'}"


@pytest.fixture
def shop(browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product) -> Iterator[FaultShop]:
    start_counting()
    yield FaultShop(browser, sandbox, mug, lamp)
    stop_counting()


@pytest.mark.parametrize("case", CASES, ids=id_of)
def test_each_fault_at_each_call_loses_nothing(
    shop: FaultShop, case: tuple[FaultScenario, str, str, int | None]
) -> None:
    scenario, call, kind, times = case
    sandbox = shop.sandbox
    steps = scenario(shop)
    next(steps)
    before = len(sandbox.requests)
    sandbox.faults.add(call, kind=kind, times=times)

    next(steps)

    requests = sandbox.requests[before:]
    assert [request for request in requests if request["fault"]], "No request met the fault."
    assert violations(sandbox, stock=shop.stock, handed_out=shop.payment_urls) == []
    assert all(shop.messages)
    if scenario is webhook_that_syncs and times is None and kind != "slow":
        assert 500 in shop.webhook_statuses

    sandbox.faults.clear()
    assert next(steps, "the end") == "the end"
    sync_until_stable(sandbox)
    found = settled_violations(
        sandbox, stock=shop.stock, handed_out=shop.payment_urls, payments_are_counted=True
    )
    assert found == []


def test_a_refusal_after_a_lost_response_keeps_the_refund(
    shop: FaultShop,
) -> None:
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    shop.sandbox.faults.add(REFUND, kind="timeout_after")
    shop.sandbox.faults.add(REFUND, kind="unauthorized")

    order = refund_order(shop.order, 100)

    assert (order.amount_refunded, order.refunds.get().status) == (100, "succeeded")
    assert not order.events.filter(kind="refund_refused").exists()
    shop.assert_bought(shop.mug, refunded=100)


def test_every_fault_and_every_call_is_tried() -> None:
    assert len(API_FAULTS) == 17
    assert len({call for _, call in SCENARIOS}) == 7
    assert len({scenario for scenario, _ in SCENARIOS}) == 19
    assert len(CASES) == 31 * 17 + 31 * 5
