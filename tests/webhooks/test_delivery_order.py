"""Whatever the order in which Stripe's events arrive, and however often: one and the same end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.utils import timezone

from django_stripe_cart.models import CartItem, Product, Refund
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.events import sign_event
from django_stripe_cart.testing.factories import make_cart
from django_stripe_cart.testing.invariants import settled_violations, violations
from django_stripe_cart.testing.rollback import rolled_back
from django_stripe_cart.testing.sandbox import connected_sandbox, post_webhook
from django_stripe_cart.testing.scenarios import SCENARIOS, Scenario, ScenarioRun, Step
from tests.support.orders import issues

pytestmark = pytest.mark.usefixtures("counted_payments")

STOCK = 10

# For each scenario: the orders' statuses, the stock left of ten, the cart, the signals.
ENDS: dict[str, tuple[list[str], int, int, list[str]]] = {
    "card": (["paid"], 8, 0, ["order_paid"]),
    "declined, then paid": (["paid"], 8, 0, ["order_paid"]),
    "3D Secure": (["paid"], 8, 0, ["order_paid"]),
    "delayed, then paid": (["paid"], 8, 0, ["order_paid"]),
    "delayed, then failed": (["failed"], 10, 0, []),
    "expired": (["expired"], 10, 2, []),
    "refund": (["refunded"], 8, 0, ["order_paid", "order_refunded"]),
    "dispute": (["paid"], 8, 0, ["order_disputed", "order_issue_opened", "order_paid"]),
    "refund that is lost": (
        ["refunded"],
        8,
        0,
        ["order_issue_opened", "order_paid", "order_refunded", "refund_failed"],
    ),
    "inquiry": (["paid"], 8, 0, ["order_disputed", "order_issue_opened", "order_paid"]),
    "two tabs": (["canceled", "paid"], 7, 0, ["order_paid"]),
}
# The four events of a dispute come in 2520 orders.
each_scenario = pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(one, id=str(one), marks=[pytest.mark.long] if one.name == "dispute" else [])
        for one in SCENARIOS
    ],
)
DISPUTES = {"dispute": ["lost"], "inquiry": ["warning_needs_response"]}

# How many ways there are for so many events to arrive twice each after everything has happened, and
# for each to arrive once while it is still happening.
TWICE = {1: 1, 2: 6, 3: 90, 4: 2520}
MEANWHILE = {
    "card": 1,
    "declined, then paid": 3,
    "3D Secure": 1,
    "delayed, then paid": 3,
    "delayed, then failed": 8,
    "expired": 1,
    "refund": 8,
    "refund that is lost": 10,
    "dispute": 72,
    "inquiry": 3,
    "two tabs": 4,
}


@pytest.fixture
def start_run(
    user: User, mug: Product, signals_sent: list[str]
) -> Callable[[Sandbox], ScenarioRun]:
    """A shopper with two of ten mugs in the cart, and Stripe with all its webhooks still unsent."""

    def start_run(sandbox: Sandbox) -> ScenarioRun:
        sandbox.hold_deliveries = True
        signals_sent.clear()
        return ScenarioRun(sandbox, make_cart({mug: 2}, user=user))

    return start_run


def deliver(run: ScenarioRun, event: int) -> None:
    signed = sign_event(run.events[event])

    assert post_webhook(signed.body, signed.headers) == 200
    assert violations(run.sandbox, stock=stock(), handed_out=run.payment_urls) == []


def stock() -> dict[Any, int]:
    return {Product.objects.get().pk: STOCK}


def assert_the_end(scenario: Scenario, run: ScenarioRun, signals_sent: list[str]) -> None:
    find_out_about_lost_refunds(run)
    left = Product.objects.get().stock
    in_cart = sum(item.quantity for item in CartItem.objects.all())
    heard = sorted(name for name in signals_sent if name not in ("order_placed", "order_canceled"))
    end = [order.status for order in run.orders], left, in_cart, heard

    assert end == ENDS[scenario.name]
    assert settled_violations(run.sandbox, stock=stock(), payments_are_counted=True) == []
    assert signals_sent.count("order_canceled") == end[0].count("canceled")
    disputes = [dispute.status for order in run.orders for dispute in order.disputes.all()]
    reasons = [reason for order in run.orders for reason in issues(order)]
    assert disputes == DISPUTES.get(scenario.name, [])
    assert reasons == ["disputed"] * len(disputes)
    assert all(order.amount_refunded == 0 for order in run.orders if order.status != "refunded")


def find_out_about_lost_refunds(run: ScenarioRun) -> None:
    """Let two syncs, late enough, look for the refunds that never reached Stripe."""
    hour_ago = timezone.now() - timedelta(hours=1)
    if Refund.objects.unknown().update(created=hour_ago):
        for _time in range(2):
            sync_order(run.orders[-1])


# --- after the event ----------------------------------------------------------------------------


@each_scenario
def test_each_event_twice_in_any_order(
    scenario: Scenario,
    sandbox: Sandbox,
    start_run: Callable[[Sandbox], ScenarioRun],
    signals_sent: list[str],
) -> None:
    run = start_run(sandbox)
    run.execute(scenario.steps)

    ways = DeliveryOrders(scenario, run, signals_sent).after(twice_each(run))

    assert ways == TWICE[len(run.events)]


def twice_each(run: ScenarioRun) -> Counter[int]:
    return Counter(dict.fromkeys(range(len(run.events)), 2))


class DeliveryOrders:
    """Every order in which the rest can arrive. Each delivery is undone, and another one tried.

    Two ways that led to the same rows have the same future: it is gone through once, and counted
    for both.
    """

    def __init__(self, scenario: Scenario, run: ScenarioRun, signals_sent: list[str]) -> None:
        self.scenario, self.run, self.signals_sent = scenario, run, signals_sent
        self.known: dict[str, int] = {}

    def after(self, rest: Counter[int]) -> int:
        """int, how many ways there are from here; all of them have ended well."""
        here = repr((sorted(rest.items()), sorted(self.signals_sent), rows()))
        if here not in self.known:
            self.known[here] = self._deliver_each(rest) if rest else self._assert_end()
        return self.known[here]

    def _deliver_each(self, rest: Counter[int]) -> int:
        ways = 0
        for event in rest:
            signals_sent = list(self.signals_sent)
            with rolled_back():
                deliver(self.run, event)
                ways += self.after(rest - Counter([event]))
            self.signals_sent[:] = signals_sent
        return ways

    def _assert_end(self) -> int:
        assert_the_end(self.scenario, self.run, self.signals_sent)
        return 1


def rows() -> list[list[str]]:
    """All that the shop remembers, but for names that are drawn by chance, and when it was."""
    models = apps.get_app_config("stripe_cart").get_models()
    return [sorted(map(comparable_row, model._base_manager.values())) for model in models]


def comparable_row(row: dict[str, Any]) -> str:
    by_chance = ("id", "key", "version")
    return str(
        [isinstance(row[name], datetime) or row[name] for name in row if name not in by_chance]
    )


# --- while it happens ---------------------------------------------------------------------------


@each_scenario
def test_each_event_at_any_time_after_it_was_made(
    scenario: Scenario,
    sandbox: Sandbox,
    start_run: Callable[[Sandbox], ScenarioRun],
    signals_sent: list[str],
) -> None:
    with rolled_back():
        made = made_by_each_step(scenario, start_run(sandbox))
    schedules = list(at_any_time(scenario.steps, made))

    assert len(schedules) == MEANWHILE[scenario.name]
    for schedule in schedules:
        with rolled_back(), connected_sandbox() as fresh:
            run = start_run(fresh)
            for step in schedule:
                if isinstance(step, int):
                    deliver(run, step)
                else:
                    step(run)
            assert_the_end(scenario, run, signals_sent)


def made_by_each_step(scenario: Scenario, run: ScenarioRun) -> list[list[int]]:
    """Return the indexes of the events that each step creates."""
    made = []
    for step in scenario.steps:
        before = len(run.events)
        step(run)
        made.append(list(range(before, len(run.events))))
    return made


def at_any_time(
    steps: Sequence[Step], made: Sequence[list[int]], waiting: Sequence[int] = ()
) -> Iterator[tuple[Step | int, ...]]:
    """Yield every sequence of the steps in order, with each event after its step."""
    if not steps and not waiting:
        yield ()
    if steps:
        for rest in at_any_time(steps[1:], made[1:], [*waiting, *made[0]]):
            yield (steps[0], *rest)
    for event in waiting:
        for rest in at_any_time(steps, made, [other for other in waiting if other != event]):
            yield (event, *rest)
