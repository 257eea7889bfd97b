"""Random campaigns of steps: generated from a seed, replayed, and shrunk when they fail."""

from __future__ import annotations

import json
import random
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tests.batteries.crashes import has_closable_connection
from tests.batteries.shop import Shop
from tests.batteries.simulation import ACTIONS, EXTERNAL_EVENTS, SHOPPERS, Simulation, Step

# The relative frequency of steps; 1 for all others
WEIGHTS = {
    "add": 12,
    "set_quantity": 3,
    "check_out": 14,
    "check_out_with_old_page": 3,
    "return_from_stripe": 4,
    "open_order_page": 2,
    "pay_from_order_page": 3,
    "cancel": 3,
    "refund": 5,
    "refund_items": 4,
    "refund_again": 3,
    "settle_issue": 3,
    "sync": 4,
    "pay": 10,
    "pay_any_session": 8,
    "pay_by_bank_debit": 3,
    "settle_bank_debit": 3,
    "refund_in_dashboard": 2,
    "change_refund_status": 3,
    "open_dispute": 2,
    "close_dispute": 2,
    "change_stock": 2,
    "add_stripe_fault": 9,
    "add_webhook_fault": 3,
    "clear_faults": 2,
    "advance_time": 2,
}
KILLS = 0.05  # share of the actions
DISCONNECTS = 0.05
RACES = 0.35
SAME = 0.6  # share of the races for the same shopper and order
# Steps that may run during a request of an action
CONCURRENT = (
    "add",
    "check_out",
    "pay_from_order_page",
    "cancel",
    "cancel_own_order",
    "pay",
    "pay",
    "pay_any_session",
    "return_from_stripe",
    "sync",
    "refund",
    "refund_again",
    "refund_in_dashboard",
    "settle_issue",
    "expire_session",
    "settle_bank_debit",
)
SHRINK_TIME = 90.0  # seconds


@dataclass(frozen=True)
class Failure:
    """The violations, and the steps until they were found: all steps if only at the end."""

    steps: tuple[Step, ...]
    violations: tuple[str, ...]


def generate(seed: int, length: int) -> list[Step]:
    """Return the campaign of a seed."""
    chance = random.Random(seed)
    names = [*ACTIONS, *EXTERNAL_EVENTS]
    weights = [WEIGHTS.get(name, 1) for name in names]
    return [_generate_step(chance, name) for name in chance.choices(names, weights, k=length)]


def _generate_step(chance: random.Random, name: str) -> Step:
    numbers, others = _numbers(chance), _numbers(chance)
    step = Step(name, **numbers, at=chance.randrange(20))
    lot = chance.random()
    concurrent = Step(chance.choice(CONCURRENT), **(numbers if chance.random() < SAME else others))
    if name not in ACTIONS:
        return step
    if lot < KILLS:
        return Step(**{**vars(step), "fault": "kill"})
    if lot < KILLS + DISCONNECTS:
        return Step(
            **{**vars(step), "fault": "disconnect" if has_closable_connection() else "kill"}
        )
    if lot < KILLS + DISCONNECTS + RACES:
        return Step(**{**vars(step), "at": step.at % 3, "concurrent": concurrent})
    return step


def _numbers(chance: random.Random) -> dict[str, int]:
    return {
        "shopper": chance.randrange(SHOPPERS),
        "pick": chance.randrange(1000),
        "number": chance.randrange(1000),
    }


def run(shop: Shop, steps: Sequence[Step]) -> Failure | None:
    """Run the steps, and check the invariants after each and after a final sync."""
    simulation = Simulation(shop)
    with simulation.running():
        for number, step in enumerate(steps, 1):
            found = _run_step(simulation, step)
            if found:
                return Failure(tuple(steps[:number]), tuple(found))
        simulation.settle()
        found = [*simulation.violations, *simulation.carts.violations(), *shop.settled_violations()]
    return Failure(tuple(steps), tuple(found)) if found else None


def _run_step(simulation: Simulation, step: Step) -> list[str]:
    try:
        simulation.perform(step)
    except Exception:
        return [f"{step.name} raised: {traceback.format_exc()}"]
    return [*simulation.violations, *simulation.carts.violations(), *simulation.shop.violations()]


def shrink(shop: Shop, failure: Failure) -> Failure:
    """Remove the steps without which the campaign still fails."""
    end = time.monotonic() + SHRINK_TIME
    size = max(len(failure.steps) // 2, 1)
    while size:
        start = 0
        while start < len(failure.steps):
            if time.monotonic() > end:
                return failure
            fewer = failure.steps[:start] + failure.steps[start + size :]
            smaller = run(shop, fewer)
            if smaller is None:
                start += size
            else:
                failure = smaller
        size //= 2
    return failure


def describe(failure: Failure, *, seed: int | str | None = None) -> str:
    """Return the violations, and the steps as lines that can be replayed."""
    steps = "\n".join(json.dumps(_as_dict(step)) for step in failure.steps)
    violations = "\n".join(failure.violations)
    origin = "" if seed is None else f" of seed {seed}"
    return (
        f"A campaign{origin} failed:\n{violations}\n\n"
        f"Keep these {len(failure.steps)} steps in a file and replay them with CHAOS_REPLAY=FILE:\n"
        f"{steps}"
    )


def parse(text: str) -> list[Step]:
    return [Step.from_dict(json.loads(line)) for line in text.splitlines() if line.strip()]


def _as_dict(step: Step) -> dict[str, object]:
    inner = step.concurrent and _as_dict(step.concurrent)
    return {key: value for key, value in {**asdict(step), "concurrent": inner}.items() if value}
