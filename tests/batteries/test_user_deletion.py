"""Deletion of a user, interleaved with another action on the user's cart or order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_stripe_cart.models import Cart, Order
from tests.batteries import actions
from tests.batteries.actions import Action
from tests.batteries.interleaving import Interleaving, interleave
from tests.batteries.scenarios import (
    Scenario,
    cancel,
    changed_cart,
    checkout,
    webhook_expired,
    webhook_paid,
)
from tests.batteries.shop import Shop

MAX_POINTS = 100
PREPARATIONS = [cancel, changed_cart, checkout, webhook_expired, webhook_paid]


Pair = tuple[Action, Action]


def deletion_first(action: Action, deletion: Action) -> Pair:
    return deletion, action


def deletion_second(action: Action, deletion: Action) -> Pair:
    return action, deletion


def run(scenario: Scenario, first: Action, second: Action, *, point: int) -> Interleaving:
    pk = scenario.shopper.user.pk
    return interleave(
        scenario.shop.sandbox, first, second, at=lambda number, _: number == point, users=(pk, pk)
    )


@pytest.mark.parametrize("prepare", PREPARATIONS, ids=lambda prepare: prepare.__name__)
@pytest.mark.parametrize("pair", [deletion_first, deletion_second], ids=lambda pair: pair.__name__)
def test_deleting_a_user_deletes_the_cart_and_keeps_the_orders(
    shop: Shop, prepare: Callable[[Scenario], Action], pair: Callable[[Action, Action], Pair]
) -> None:
    for point in range(MAX_POINTS):
        scenario = Scenario.create(shop)
        action = prepare(scenario)
        first, second = pair(action, (actions.delete_user, (scenario.shopper.user.pk,)))

        interleaving = run(scenario, first, second, point=point)

        if not interleaving.has_met:  # the first action has no more tracepoints
            break
        name = interleaving.points[point]
        for answer in (interleaving.first, interleaving.second):
            assert not isinstance(answer, Exception), (name, answer)
            assert answer.status != 500, name
            shop.record_payment_url(answer.url)
        assert not Cart.objects.exists(), name
        assert not Order.objects.exclude(user=None, cart=None, open_cart=None).exists(), name
        assert shop.violations() == [], name
    assert 3 < point < MAX_POINTS - 1
