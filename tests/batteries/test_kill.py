"""A worker process is killed with SIGKILL at every point of every verb; then the shop recovers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.batteries import actions
from tests.batteries.clock import let_time_pass
from tests.batteries.monitors import CartWatch
from tests.batteries.processes import Victims, victims
from tests.batteries.scenarios import (
    BOTH,
    MUGS,
    NOTHING,
    Case,
    Deed,
    Sums,
    cancel,
    changed_cart,
    checkout,
    late_money,
    pay_after_all,
    refund,
    resume,
    sync,
    sync_cancel,
    sync_refund,
    webhook_bounced,
    webhook_expired,
    webhook_paid,
)
from tests.batteries.shop import Shop
from tests.batteries.tracepoints import watched
from tests.batteries.worker_process import browser_of

pytestmark = pytest.mark.battery

# --- what people do about it --------------------------------------------------------------------


def buys(case: Case) -> None:
    case.buy()


def cancels(case: Case) -> None:
    actions.cancel(case.order.pk)


def comes_back(case: Case) -> None:
    case.come_back()


def refunds(case: Case) -> None:
    """If it was not written down, staff does it again."""
    if not case.order.refunds.exists():
        actions.refund(case.order.pk, 3000)


def looks(case: Case) -> None:
    assert case.shopper.client.get(case.order.get_absolute_url()).status_code == 200


@dataclass(frozen=True)
class Story:
    """``again`` is what people then do, ``together`` what it comes to with that.

    ``alone`` is what it comes to if nobody does anything but cron, where that is another story.
    """

    prepare: Callable[[Case], Deed]
    again: Callable[[Case], None] | None = None
    together: Sums = NOTHING
    alone: Sums | None = None


STORIES = [
    Story(checkout, buys, BOTH, alone=NOTHING),
    Story(resume, buys, BOTH),
    Story(pay_after_all, buys, MUGS, alone=NOTHING),
    Story(changed_cart, buys, BOTH, alone=NOTHING),
    Story(cancel, cancels, NOTHING),
    Story(webhook_paid, comes_back, MUGS, alone=MUGS),
    Story(webhook_expired, looks, NOTHING),
    Story(webhook_bounced, looks, NOTHING),
    Story(refund, refunds, ((0, 0), 37000), alone=((0, 0), 37000)),
    Story(late_money, comes_back, MUGS),
    # Here cron itself is killed, and then runs again.
    Story(sync, alone=((2, 0), 39000)),
    Story(sync_refund, alone=((0, 0), 37000)),
    Story(sync_cancel, alone=NOTHING),
]


def each(stories: list[Story]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("story", stories, ids=lambda story: story.prepare.__name__)


def act(deed: Deed, shopper_pk: int, point: int | None, *, say: Callable[[str], None]) -> None:
    """Do it, saying each point that is passed; at the given one, die."""
    browser_of(shopper_pk)
    passed = 0

    def reach(name: str) -> None:
        nonlocal passed
        say(name)
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    with watched(reach):
        deed[0](*deed[1])


@pytest.fixture
def doomed(shop: Shop) -> Iterator[Victims]:
    with victims(shop.place) as processes:
        yield processes


def find_points(shop: Shop, doomed: Victims, story: Story) -> list[str]:
    case = Case.open(shop)
    deed = story.prepare(case)
    ended = doomed.run(act, deed, case.shopper.user.pk, None)
    assert ended.signal == 0
    assert len(ended.said) > 5
    assert any("COMMIT" in name for name in ended.said)
    return ended.said


def kill(shop: Shop, doomed: Victims, story: Story, point: int, name: str) -> Case:
    case = Case.open(shop)
    deed = story.prepare(case)
    case.carts = CartWatch()
    ended = doomed.run(act, deed, case.shopper.user.pk, point)
    assert (ended.signal, ended.said[-1]) == (signal.SIGKILL, name)
    return case


def settle(case: Case) -> None:
    let_time_pass(case.shop.sandbox, timedelta(hours=2))
    said = actions.sync()
    assert said.status == 200, said.sentences


@each([story for story in STORIES if story.again])
def test_after_a_kill_at_any_crash_point_a_retry_recovers(
    shop: Shop, doomed: Victims, story: Story, request: pytest.FixtureRequest
) -> None:
    points = find_points(shop, doomed, story)
    request.node.user_properties.append(("points", len(points)))
    for point, name in enumerate(points):
        case = kill(shop, doomed, story, point, name)
        assert case.violations() == [], name

        assert story.again is not None
        story.again(case)
        assert case.violations() == [], name
        shop.sandbox.deliver()
        settle(case)

        assert case.settled_violations() == [], name
        assert (case.sold(), case.paid()) == story.together, name


@each([story for story in STORIES if story.alone])
def test_after_a_kill_at_any_crash_point_sync_alone_recovers(
    shop: Shop, doomed: Victims, story: Story, request: pytest.FixtureRequest
) -> None:
    points = find_points(shop, doomed, story)
    request.node.user_properties.append(("points", len(points)))
    for point, name in enumerate(points):
        case = kill(shop, doomed, story, point, name)

        settle(case)

        assert case.settled_violations() == [], name
        was_asked = story.prepare is not refund or case.order.refunds.exists()
        assert (case.sold(), case.paid()) == (story.alone if was_asked else MUGS), name
