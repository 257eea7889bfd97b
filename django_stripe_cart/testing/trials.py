"""Trials: orders in which webhooks can arrive, with repetitions and crashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import permutations


class Outcome(Enum):
    """The result of one delivery."""

    PROCESSED = "arrives"
    KILLED_BEFORE_COMMIT = "arrives; the process is killed after the receivers, before the commit"
    KILLED_AFTER_COMMIT = "arrives; the process is killed after the commit, before the response"


@dataclass(frozen=True)
class Delivery:
    """A delivery of an event, which is given by its index in the scenario."""

    event: int
    outcome: Outcome = Outcome.PROCESSED
    signals_until_crash: int | None = None  # the process is killed after so many signals


Trial = tuple[Delivery, ...]


def trials_in_every_order(events: int) -> Iterator[Trial]:
    """Yield a trial for every order of the events, each delivered once; the original first."""
    for order in permutations(range(events)):
        yield tuple(Delivery(event) for event in order)


def trials_with_kill(trial: Trial, index: int, signals: int) -> Iterator[Trial]:
    """Yield trials in which the process is killed during one delivery, and Stripe retries it.

    ``index`` is the delivery's position, ``signals`` the number of signals that it normally sends.
    Stripe retries at once or, in another trial, after the other deliveries.
    """
    before, retry, after = trial[:index], trial[index], trial[index + 1 :]
    kills = [
        Delivery(retry.event, Outcome.KILLED_BEFORE_COMMIT, signals_until_crash)
        for signals_until_crash in range(1, signals + 1)
    ]
    for killed in [*kills, Delivery(retry.event, Outcome.KILLED_AFTER_COMMIT)]:
        yield (*before, killed, retry, *after)
        if after:
            yield (*before, killed, *after, retry)


def trial_with_repetitions(trial: Trial) -> Trial:
    """Return a trial that delivers everything twice, as if the first time were not recorded."""
    return (*(replace(delivery, outcome=Outcome.KILLED_AFTER_COMMIT) for delivery in trial), *trial)
