"""Random campaigns of steps, after each of which the invariants are checked.

CHAOS_SEEDS is the number of campaigns, CHAOS_STEPS their length, and CHAOS_FIRST the first seed;
`tox -e chaos` runs many. CHAOS_REPLAY names a file with the steps of a campaign that failed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from django_stripe_cart.models import CartItem
from tests.batteries.chaos import Failure, describe, generate, parse, run, shrink
from tests.batteries.monitors import CartMonitor, access_violations
from tests.batteries.scenarios import Scenario
from tests.batteries.shop import Shop
from tests.batteries.simulation import Step

SEEDS = int(os.environ.get("CHAOS_SEEDS", "4"))
STEPS = int(os.environ.get("CHAOS_STEPS", "100"))
FIRST = int(os.environ.get("CHAOS_FIRST", "0"))
REPLAY = os.environ.get("CHAOS_REPLAY")


@pytest.mark.parametrize("seed", [REPLAY] if REPLAY else range(FIRST, FIRST + SEEDS))
def test_a_random_campaign_breaks_no_invariant(shop: Shop, seed: int | str) -> None:
    steps = generate(seed, STEPS) if isinstance(seed, int) else parse(Path(seed).read_text())

    failure = run(shop, steps)

    if failure is not None:
        found = describe(failure, seed=seed)
        pytest.fail(f"{found}\n\nShrunk: {describe(shrink(shop, failure))}")


def test_a_seed_always_generates_the_same_campaign() -> None:
    assert generate(7, 50) == generate(7, 50)
    assert generate(7, 50) != generate(8, 50)


def test_a_campaign_can_be_serialized_and_replayed() -> None:
    steps = generate(7, 200)

    text = describe(Failure(tuple(steps), violations=()))

    assert parse(text.split("CHAOS_REPLAY=FILE:\n")[1]) == steps


@pytest.mark.parametrize(
    ("number", "event_type"),
    [(31, "payment_intent.succeeded"), (3, "payment_intent.payment_failed")],
)
def test_a_campaign_confirms_3d_secure(shop: Shop, number: int, event_type: str) -> None:
    steps = [Step("check_out"), Step("pay_any_session", number=number)]

    assert run(shop, steps) is None

    types = [event["type"] for event in shop.sandbox.events]
    assert types.index("payment_intent.requires_action") < types.index(event_type)


# --- the monitors -------------------------------------------------------------------------------


def test_a_cart_that_loses_an_unpaid_item_is_a_violation(scenario: Scenario) -> None:
    scenario.shopper.add(scenario.mug, 2)
    monitor = CartMonitor()

    CartItem.objects.update(quantity=1)

    (violation,) = monitor.violations()
    assert "has 1 of" in violation


def test_a_cart_that_keeps_a_paid_item_is_a_violation(scenario: Scenario) -> None:
    scenario.start_checkout()
    monitor = CartMonitor()
    scenario.pay()
    scenario.return_from_stripe()

    assert [*monitor.violations()] == []

    scenario.start_checkout()
    monitor = CartMonitor()
    scenario.pay()
    scenario.return_from_stripe()
    CartItem.objects.create(
        cart=scenario.shopper.user.stripe_cart, product=scenario.mug, quantity=2
    )

    (violation,) = monitor.violations()
    assert "has 2 of" in violation


def test_showing_an_order_to_another_shopper_is_a_violation(scenario: Scenario) -> None:
    scenario.start_checkout()
    order, other = scenario.order, scenario.shop.create_shopper()

    assert [*access_violations(other, order)] == []

    scenario.shopper.user = other.user  # a mixed-up login session
    assert len([*access_violations(scenario.shopper, order)]) == 3
