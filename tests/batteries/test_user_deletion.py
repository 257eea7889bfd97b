"""A user is deleted while something happens to their order: neither stands in the other's way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_stripe_cart.models import Cart, Order
from tests.batteries import actions
from tests.batteries.interleaving import Meeting, meet
from tests.batteries.scenarios import (
    Case,
    Deed,
    cancel,
    changed_cart,
    checkout,
    webhook_expired,
    webhook_paid,
)
from tests.batteries.shop import Shop

pytestmark = pytest.mark.battery

MOST_POINTS = 100
DEEDS = [cancel, changed_cart, checkout, webhook_expired, webhook_paid]


def leave_and(deed: Deed, leave: Deed) -> tuple[Deed, Deed]:
    return leave, deed


def then_leave(deed: Deed, leave: Deed) -> tuple[Deed, Deed]:
    return deed, leave


def run(case: Case, first: Deed, second: Deed, *, point: int) -> Meeting:
    pk = case.shopper.user.pk
    return meet(
        case.shop.sandbox, first, second, at=lambda number, _: number == point, users=(pk, pk)
    )


@pytest.mark.parametrize("prepare", DEEDS, ids=lambda prepare: prepare.__name__)
@pytest.mark.parametrize("order", [leave_and, then_leave], ids=lambda order: order.__name__)
def test_deleting_a_user_deletes_the_cart_and_keeps_the_orders(
    shop: Shop, prepare: Callable[[Case], Deed], order: Callable[[Deed, Deed], tuple[Deed, Deed]]
) -> None:
    for point in range(MOST_POINTS):
        case = Case.open(shop)
        deed = prepare(case)
        first, second = order(deed, (actions.delete_user, (case.shopper.user.pk,)))

        meeting = run(case, first, second, point=point)

        if not meeting.met:  # the first is past its last point
            break
        name = meeting.points[point]
        for answer in (meeting.first, meeting.second):
            assert not isinstance(answer, Exception), (name, answer)
            assert answer.status != 500, name
            shop.note_address(answer.url)
        assert not Cart.objects.exists(), name
        assert not Order.objects.exclude(user=None, cart=None, open_cart=None).exists(), name
        assert shop.violations() == [], name
    assert 3 < point < MOST_POINTS - 1
