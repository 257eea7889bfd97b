"""Recovery after a worker process is killed with SIGKILL at each crash point of each action."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from django_stripe_cart.models import Order, Refund
from tests.batteries import actions
from tests.batteries.actions import Action
from tests.batteries.crashes import kill_at
from tests.batteries.monitors import CartMonitor
from tests.batteries.processes import DisposableWorkers, disposable_workers
from tests.batteries.scenarios import (
    MUGS,
    MUGS_AND_LAMP,
    NOTHING,
    REFUND_KEY,
    Sales,
    Scenario,
    cancel,
    changed_cart,
    checkout,
    late_payment,
    pay_from_order_page,
    refund,
    refund_by_item,
    resume,
    sync,
    sync_cancel,
    sync_dispute,
    sync_refund,
    sync_refund_that_was_not_made,
    webhook_expired,
    webhook_failed,
    webhook_paid,
)
from tests.batteries.shop import Shop
from tests.support.clock import advance_time

# --- retries after a crash ------------------------------------------------------------------------


def buy(scenario: Scenario) -> None:
    scenario.buy()


def cancel_again(scenario: Scenario) -> None:
    actions.cancel(scenario.order.pk)


def return_from_stripe(scenario: Scenario) -> None:
    scenario.return_from_stripe()


def refund_again(scenario: Scenario) -> None:
    """Send the same form once more as staff."""
    assert not actions.refund(scenario.order.pk, 3000, REFUND_KEY).messages


def open_order_page(scenario: Scenario) -> None:
    assert scenario.shopper.client.get(scenario.order.get_absolute_url()).status_code == 200


@dataclass(frozen=True)
class CrashCase:
    """An action to kill, and the sales after the recovery.

    ``retry`` is called after the kill, and leads to ``with_retry``. ``without_retry`` are the sales
    if only cron runs after the kill, where that is tested.
    """

    prepare: Callable[[Scenario], Action]
    retry: Callable[[Scenario], None] | None = None
    with_retry: Sales = NOTHING
    without_retry: Sales | None = None


CASES = [
    CrashCase(checkout, buy, MUGS_AND_LAMP, without_retry=NOTHING),
    CrashCase(resume, buy, MUGS_AND_LAMP),
    CrashCase(pay_from_order_page, buy, MUGS, without_retry=NOTHING),
    CrashCase(changed_cart, buy, MUGS_AND_LAMP, without_retry=NOTHING),
    CrashCase(cancel, cancel_again, NOTHING),
    CrashCase(webhook_paid, return_from_stripe, MUGS, without_retry=MUGS),
    CrashCase(webhook_expired, open_order_page, NOTHING),
    CrashCase(webhook_failed, open_order_page, NOTHING),
    CrashCase(refund, refund_again, ((2, 0), 37000), without_retry=((2, 0), 37000)),
    CrashCase(refund_by_item, without_retry=((1, 0), 20000)),
    CrashCase(late_payment, return_from_stripe, MUGS),
    # Here cron itself is killed, and runs again.
    CrashCase(sync, without_retry=((2, 0), 39000)),
    CrashCase(sync_refund, without_retry=((2, 0), 37000)),
    CrashCase(sync_refund_that_was_not_made, without_retry=MUGS),
    CrashCase(sync_dispute, without_retry=MUGS),
    CrashCase(sync_cancel, without_retry=NOTHING),
]


def each(cases: list[CrashCase]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.prepare.__name__)


@pytest.fixture
def workers(shop: Shop) -> Iterator[DisposableWorkers]:
    with disposable_workers(shop.services) as workers:
        yield workers


def find_crash_points(shop: Shop, workers: DisposableWorkers, case: CrashCase) -> list[str]:
    scenario = Scenario.create(shop)
    action = case.prepare(scenario)
    result = workers.run(kill_at, action, scenario.shopper.user.pk, None)
    assert result.signal == 0
    assert len(result.reports) > 5
    assert any("COMMIT" in name for name in result.reports)
    return result.reports


def points_to_kill_at(points: list[str]) -> list[tuple[int, str]]:
    """Number the crash points, and return those at which the action is killed on this database.

    SQLite takes all. On a server, where each kill takes longer, a kill inside a transaction ends in
    its rollback wherever it happens: there the first and the last point of each transaction are
    taken, beside all commits and requests. TEST_EVERY_POINT=1 takes all.
    """
    numbered = list(enumerate(points))
    if connection.vendor == "sqlite" or os.environ.get("TEST_EVERY_POINT"):
        return numbered
    edges = {n for n, name in numbered if re.search("COMMIT|/v1/|^after", name)}
    edges |= {-1, len(points)}
    return [(n, name) for n, name in numbered if edges & {n - 1, n, n + 1}]


def kill(
    shop: Shop, workers: DisposableWorkers, case: CrashCase, point: int, name: str
) -> Scenario:
    scenario = Scenario.create(shop)
    action = case.prepare(scenario)
    scenario.carts = CartMonitor()
    result = workers.run(kill_at, action, scenario.shopper.user.pk, point)
    assert (result.signal, result.reports[-1]) == (signal.SIGKILL, name)
    return scenario


def sync_later(scenario: Scenario) -> None:
    advance_time(scenario.shop.sandbox, timedelta(hours=2))
    outcome = actions.sync()
    assert outcome.status == 200, outcome.messages
    runs = 1
    # The outcome of a refund is found out with the second complete list. An event that is read
    # before says that the order was just synced, and so delays the first one.
    while Refund.objects.unknown().exists() and runs < 3:
        advance_time(scenario.shop.sandbox, timedelta(hours=2))
        assert actions.sync().status == 200
        runs += 1


@each([case for case in CASES if case.retry])
def test_after_a_kill_at_any_crash_point_a_retry_recovers(
    shop: Shop, workers: DisposableWorkers, case: CrashCase, request: pytest.FixtureRequest
) -> None:
    points = find_crash_points(shop, workers, case)
    request.node.user_properties.append(("crash_points", len(points)))
    for point, name in points_to_kill_at(points):
        scenario = kill(shop, workers, case, point, name)
        assert scenario.violations() == [], name

        assert case.retry is not None
        case.retry(scenario)
        assert scenario.violations() == [], name
        shop.sandbox.deliver()
        sync_later(scenario)

        assert scenario.settled_violations() == [], name
        assert scenario.sales() == case.with_retry, name


@each([case for case in CASES if case.without_retry])
def test_after_a_kill_at_any_crash_point_sync_alone_recovers(
    shop: Shop, workers: DisposableWorkers, case: CrashCase, request: pytest.FixtureRequest
) -> None:
    points = find_crash_points(shop, workers, case)
    request.node.user_properties.append(("crash_points", len(points)))
    for point, name in points_to_kill_at(points):
        scenario = kill(shop, workers, case, point, name)

        requests = len(shop.sandbox.requests)
        sync_later(scenario)

        assert scenario.settled_violations() == [], name
        assert not refunds_sent(shop.sandbox.requests[requests:]), name
        if case.prepare in (refund, refund_by_item) and not shop.sandbox.refunds:
            assert has_failed_with_an_issue(scenario.order), name
            assert scenario.sales() == MUGS, name
        else:
            assert scenario.sales() == case.without_retry, name


def refunds_sent(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in requests if (one["method"], one["path"]) == ("POST", "/v1/refunds")]


def has_failed_with_an_issue(order: Order) -> bool:
    """Return whether the refund was given up with an issue, or never reserved."""
    about = [str(row.key) for row in order.refunds.all() if row.status == "failed"]
    issues = order.issues.open().values_list("reason", "about")
    return list(issues) == [("refund_not_made", key) for key in about]
