"""Whatever the order in which Stripe's events arrive, and however often: one and the same end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User

from django_stripe_cart.models import CartItem, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.events import sign_event
from django_stripe_cart.testing.factories import make_cart
from django_stripe_cart.testing.invariants import settled_violations, violations
from django_stripe_cart.testing.payment_counter import start_recording, stop_recording
from django_stripe_cart.testing.rollback import undone
from django_stripe_cart.testing.sandbox import connected_sandbox, ring
from django_stripe_cart.testing.scenarios import STORIES, Act, Scene, Story

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

STOCK = 10

# Where the story's orders end, how many are left of ten, what is left in the cart, what was told.
ENDS: dict[str, tuple[list[str], int, int, list[str]]] = {
    "card": (["paid"], 8, 0, ["order_paid"]),
    "declined, then paid": (["paid"], 8, 0, ["order_paid"]),
    "3D Secure": (["paid"], 8, 0, ["order_paid"]),
    "delayed, then paid": (["paid"], 8, 0, ["order_paid"]),
    "delayed, then failed": (["failed"], 10, 0, []),
    "expired": (["expired"], 10, 2, []),
    "refund": (["refunded"], 8, 0, ["order_paid", "order_refunded"]),
    "dispute": (["paid"], 8, 0, ["order_disputed", "order_paid"]),
    "two tabs": (["canceled", "paid"], 7, 0, ["order_paid"]),
}

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
    "dispute": 72,
    "two tabs": 4,
}


@pytest.fixture(autouse=True)
def recorded() -> Iterator[None]:
    start_recording()
    yield
    stop_recording()


@pytest.fixture
def begin(user: User, mug: Product, told: list[str]) -> Callable[[Sandbox], Scene]:
    """A shopper with two of ten mugs in the cart, and Stripe with all its webhooks still unsent."""

    def begin(sandbox: Sandbox) -> Scene:
        sandbox.hold_deliveries = True
        told.clear()
        return Scene(sandbox, make_cart({mug: 2}, user=user))

    return begin


def deliver(scene: Scene, event: int) -> None:
    signed = sign_event(scene.events[event])

    assert ring(signed.body, signed.headers) == 200
    assert violations(scene.sandbox, stock=stock(), handed_out=scene.addresses) == []


def stock() -> dict[Any, int]:
    return {Product.objects.get().pk: STOCK}


def assert_the_end(story: Story, scene: Scene, told: list[str]) -> None:
    left = Product.objects.get().stock
    in_cart = sum(item.quantity for item in CartItem.objects.all())
    heard = sorted(name for name in told if name not in ("order_placed", "order_canceled"))
    end = [order.status for order in scene.orders], left, in_cart, heard

    assert end == ENDS[story.name]
    assert settled_violations(scene.sandbox, stock=stock(), paid_is_recorded=True) == []
    assert told.count("order_canceled") == end[0].count("canceled")
    assert [order.dispute_status for order in scene.orders][-1] == (
        "lost" if story.name == "dispute" else ""
    )
    assert all(order.amount_refunded == 0 for order in scene.orders if order.status != "refunded")


# --- after the event ----------------------------------------------------------------------------


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_each_event_twice_in_any_order(
    story: Story, sandbox: Sandbox, begin: Callable[[Sandbox], Scene], told: list[str]
) -> None:
    scene = begin(sandbox)
    scene.play(story.acts)

    ways = Ways(story, scene, told).after(twice_each(scene))

    assert ways == TWICE[len(scene.events)]


def twice_each(scene: Scene) -> Counter[int]:
    return Counter(dict.fromkeys(range(len(scene.events)), 2))


class Ways:
    """Every order in which the rest can arrive. Each delivery is undone, and another one tried.

    Two ways that led to the same rows have the same future: it is gone through once, and counted
    for both.
    """

    def __init__(self, story: Story, scene: Scene, told: list[str]) -> None:
        self.story, self.scene, self.told = story, scene, told
        self.known: dict[str, int] = {}

    def after(self, rest: Counter[int]) -> int:
        """int, how many ways there are from here; all of them have ended well."""
        here = repr((sorted(rest.items()), sorted(self.told), rows()))
        if here not in self.known:
            self.known[here] = self._go_on(rest) if rest else self._end()
        return self.known[here]

    def _go_on(self, rest: Counter[int]) -> int:
        ways = 0
        for event in rest:
            told = list(self.told)
            with undone():
                deliver(self.scene, event)
                ways += self.after(rest - Counter([event]))
            self.told[:] = told
        return ways

    def _end(self) -> int:
        assert_the_end(self.story, self.scene, self.told)
        return 1


def rows() -> list[list[str]]:
    """All that the shop remembers, but for names that are drawn by chance, and when it was."""
    models = apps.get_app_config("stripe_cart").get_models()
    return [sorted(map(what_counts, model._base_manager.values())) for model in models]


def what_counts(row: dict[str, Any]) -> str:
    by_chance = ("id", "key", "version")
    return str(
        [isinstance(row[name], datetime) or row[name] for name in row if name not in by_chance]
    )


# --- while it happens ---------------------------------------------------------------------------


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_each_event_at_any_time_after_it_was_made(
    story: Story, sandbox: Sandbox, begin: Callable[[Sandbox], Scene], told: list[str]
) -> None:
    with undone():
        made = made_by_each_act(story, begin(sandbox))
    schedules = list(at_any_time(story.acts, made))

    assert len(schedules) == MEANWHILE[story.name]
    for schedule in schedules:
        with undone(), connected_sandbox() as fresh:
            scene = begin(fresh)
            for step in schedule:
                if isinstance(step, int):
                    deliver(scene, step)
                else:
                    step(scene)
            assert_the_end(story, scene, told)


def made_by_each_act(story: Story, scene: Scene) -> list[list[int]]:
    """The numbers of the events that each act makes."""
    made = []
    for act in story.acts:
        before = len(scene.events)
        act(scene)
        made.append(list(range(before, len(scene.events))))
    return made


def at_any_time(
    acts: Sequence[Act], made: Sequence[list[int]], waiting: Sequence[int] = ()
) -> Iterator[tuple[Act | int, ...]]:
    """Every way for the acts to happen one after the other, and each event after its act."""
    if not acts and not waiting:
        yield ()
    if acts:
        for rest in at_any_time(acts[1:], made[1:], [*waiting, *made[0]]):
            yield (acts[0], *rest)
    for event in waiting:
        for rest in at_any_time(acts, made, [other for other in waiting if other != event]):
            yield (event, *rest)
