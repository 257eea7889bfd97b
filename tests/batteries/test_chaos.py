"""Random campaigns: whatever happens in whatever order, nothing is lost, doubled or oversold.

CHAOS_SEEDS and CHAOS_STEPS say how many and how long, CHAOS_FIRST where they begin; `tox -e chaos`
makes them many. CHAOS_REPLAY names a file with the steps of one that failed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from django_stripe_cart.models import CartItem
from tests.batteries.chaos import Failure, describe, draw, play, read, shrink
from tests.batteries.monitors import CartWatch, leaks
from tests.batteries.scenarios import Case
from tests.batteries.shop import Shop

SEEDS = int(os.environ.get("CHAOS_SEEDS", "4"))
STEPS = int(os.environ.get("CHAOS_STEPS", "100"))
FIRST = int(os.environ.get("CHAOS_FIRST", "0"))
REPLAY = os.environ.get("CHAOS_REPLAY")


@pytest.mark.parametrize("seed", [REPLAY] if REPLAY else range(FIRST, FIRST + SEEDS))
def test_a_random_campaign_breaks_no_invariant(shop: Shop, seed: int | str) -> None:
    steps = draw(seed, STEPS) if isinstance(seed, int) else read(Path(seed).read_text())

    failure = play(shop, steps)

    if failure is not None:
        found = describe(failure, seed=seed)
        pytest.fail(f"{found}\n\nShrunk: {describe(shrink(shop, failure))}")


def test_a_seed_always_generates_the_same_campaign() -> None:
    assert draw(7, 50) == draw(7, 50)
    assert draw(7, 50) != draw(8, 50)


def test_a_campaign_can_be_serialized_and_replayed() -> None:
    steps = draw(7, 200)

    written = describe(Failure(tuple(steps), wrong=()))

    assert read(written.split("CHAOS_REPLAY=FILE:\n")[1]) == steps


# --- the watch over the shoppers' shoulders has teeth -------------------------------------------


def test_a_cart_that_loses_an_unpaid_item_is_a_violation(case: Case) -> None:
    case.shopper.add(case.mug, 2)
    watch = CartWatch()

    CartItem.objects.update(quantity=1)

    (wrong,) = watch.violations()
    assert "has 1 of" in wrong


def test_a_cart_that_keeps_a_paid_item_is_a_violation(case: Case) -> None:
    case.begin()
    watch = CartWatch()
    case.pay()
    case.come_back()

    assert [*watch.violations()] == []

    case.begin()
    watch = CartWatch()
    case.pay()
    case.come_back()
    CartItem.objects.create(cart=case.shopper.user.stripe_cart, product=case.mug, quantity=2)

    (wrong,) = watch.violations()
    assert "has 2 of" in wrong


def test_showing_an_order_to_another_shopper_is_a_violation(case: Case) -> None:
    case.begin()
    order, other = case.order, case.shop.shopper()

    assert [*leaks(other, order)] == []

    case.shopper.user = other.user  # a session that was mixed up
    assert len([*leaks(case.shopper, order)]) == 3
