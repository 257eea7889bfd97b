"""Random campaigns against a shop: drawn from a seed, replayed, and shrunk when they fail."""

from __future__ import annotations

import json
import random
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tests.batteries.shop import Shop
from tests.batteries.simulation import DEEDS, LEVERS, SHOPPERS, Step, World, can_be_cut

# What happens more often than once in a while.
WEIGHTS = {
    "add": 12,
    "set_quantity": 3,
    "check_out": 14,
    "check_out_as_seen": 3,
    "come_back": 4,
    "look_at_order": 2,
    "pay_after_all": 3,
    "cancel": 3,
    "refund": 5,
    "sync": 4,
    "pay": 10,
    "pay_any": 8,
    "pay_later": 3,
    "bank_decides": 3,
    "refund_in_dashboard": 2,
    "stock_changes": 2,
    "stripe_fails": 9,
    "webhooks_fail": 3,
    "faults_stop": 2,
    "time_passes": 2,
}
KILLS = 0.05  # of the deeds
CUTS = 0.05
RACES = 0.35
SAME = 0.6  # of those: about the same shopper and the same order
# Those who may come between a deed and Stripe's answer.
RIVALS = (
    "add",
    "check_out",
    "pay_after_all",
    "cancel",
    "cancel_own",
    "pay",
    "pay",
    "pay_any",
    "come_back",
    "sync",
    "refund",
    "refund_in_dashboard",
    "session_ends",
    "bank_decides",
)
SHRINKING = 90.0  # seconds


@dataclass(frozen=True)
class Failure:
    """What was wrong, after how many steps; all of them if it was found only at the end."""

    steps: tuple[Step, ...]
    wrong: tuple[str, ...]


def draw(seed: int, length: int) -> list[Step]:
    """The campaign of a seed."""
    chance = random.Random(seed)
    names = [*DEEDS, *LEVERS]
    weights = [WEIGHTS.get(name, 1) for name in names]
    return [_draw_step(chance, name) for name in chance.choices(names, weights, k=length)]


def _draw_step(chance: random.Random, name: str) -> Step:
    numbers, others = _numbers(chance), _numbers(chance)
    step = Step(name, **numbers, at=chance.randrange(20))
    lot = chance.random()
    rival = Step(chance.choice(RIVALS), **(numbers if chance.random() < SAME else others))
    if name not in DEEDS:
        return step
    if lot < KILLS:
        return Step(**{**vars(step), "trouble": "kill"})
    if lot < KILLS + CUTS:
        return Step(**{**vars(step), "trouble": "cut" if can_be_cut() else "kill"})
    if lot < KILLS + CUTS + RACES:
        return Step(**{**vars(step), "at": step.at % 3, "meanwhile": rival})
    return step


def _numbers(chance: random.Random) -> dict[str, int]:
    return {
        "who": chance.randrange(SHOPPERS),
        "pick": chance.randrange(1000),
        "number": chance.randrange(1000),
    }


def play(shop: Shop, steps: Sequence[Step]) -> Failure | None:
    """Take the steps, looking at the books after each, and once more when all has settled."""
    world = World(shop)
    with world.running():
        for number, step in enumerate(steps, 1):
            wrong = _take(world, step)
            if wrong:
                return Failure(tuple(steps[:number]), tuple(wrong))
        world.settle()
        wrong = [*world.wrong, *world.carts.violations(), *shop.settled_violations()]
    return Failure(tuple(steps), tuple(wrong)) if wrong else None


def _take(world: World, step: Step) -> list[str]:
    try:
        world.perform(step)
    except Exception:
        return [f"{step.name} raised: {traceback.format_exc()}"]
    return [*world.wrong, *world.carts.violations(), *world.shop.violations()]


def shrink(shop: Shop, failure: Failure) -> Failure:
    """Leave out whatever steps the failure can do without."""
    end = time.monotonic() + SHRINKING
    size = max(len(failure.steps) // 2, 1)
    while size:
        start = 0
        while start < len(failure.steps):
            if time.monotonic() > end:
                return failure
            fewer = failure.steps[:start] + failure.steps[start + size :]
            smaller = play(shop, fewer)
            if smaller is None:
                start += size
            else:
                failure = smaller
        size //= 2
    return failure


def describe(failure: Failure, *, seed: int | str | None = None) -> str:
    """The whole story, in lines that can be replayed."""
    steps = "\n".join(json.dumps(_brief(step)) for step in failure.steps)
    wrong = "\n".join(failure.wrong)
    origin = "" if seed is None else f" of seed {seed}"
    return (
        f"A campaign{origin} went wrong:\n{wrong}\n\n"
        f"Keep these {len(failure.steps)} steps in a file and replay them with CHAOS_REPLAY=FILE:\n"
        f"{steps}"
    )


def read(text: str) -> list[Step]:
    return [Step.read(json.loads(line)) for line in text.splitlines() if line.strip()]


def _brief(step: Step) -> dict[str, object]:
    inner = step.meanwhile and _brief(step.meanwhile)
    return {key: value for key, value in {**asdict(step), "meanwhile": inner}.items() if value}
