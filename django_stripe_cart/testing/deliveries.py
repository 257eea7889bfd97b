"""In which order a story's webhooks may arrive, how often, and where a process may die over one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import permutations


class Fate(Enum):
    DONE = "arrives"
    DIES_BEFORE_COMMIT = "arrives; the process dies after the receivers, before the commit"
    DIES_AFTER_COMMIT = "arrives; the process dies after the commit, before it answers"


@dataclass(frozen=True)
class Step:
    """One delivery of the story's event of that number."""

    event: int
    fate: Fate = Fate.DONE
    lives: int | None = None  # how often something may be told until the process dies


Trial = tuple[Step, ...]


def in_any_order(events: int) -> Iterator[Trial]:
    """Every event once, in every order; the true one first."""
    for order in permutations(range(events)):
        yield tuple(Step(event) for event in order)


def with_a_death(trial: Trial, at: int, told: int) -> Iterator[Trial]:
    """The process dies over one delivery, over which the host was told so often undisturbed."""
    for lives in range(1, told + 1):
        yield from _repeated(trial, at, Step(trial[at].event, Fate.DIES_BEFORE_COMMIT, lives))
    yield from _repeated(trial, at, Step(trial[at].event, Fate.DIES_AFTER_COMMIT))


def _repeated(trial: Trial, at: int, died: Step) -> Iterator[Trial]:
    """Stripe repeats the delivery: at once, or after the rest."""
    before, again, after = trial[:at], trial[at], trial[at + 1 :]
    yield (*before, died, again, *after)
    if after:
        yield (*before, died, *after, again)


def all_again(trial: Trial) -> Trial:
    """Everything arrives, and then everything arrives once more, as if nothing had been noted."""
    return (*(replace(step, fate=Fate.DIES_AFTER_COMMIT) for step in trial), *trial)
