"""Trials: sequences in which webhooks can arrive, with repetitions and crashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import permutations


class Outcome(Enum):
    """The outcome of one webhook delivery: it is processed, or the process is killed."""

    PROCESSED = "arrives"
    KILLED_BEFORE_COMMIT = "arrives; the process is killed after the receivers, before the commit"
    KILLED_AFTER_COMMIT = "arrives; the process is killed after the commit, before the response"


@dataclass(frozen=True)
class Delivery:
    """One delivery of an event: the event's index in the scenario, and the outcome."""

    event: int
    outcome: Outcome = Outcome.PROCESSED
    signals_until_crash: int | None = None  # the process is killed after so many signals


Trial = tuple[Delivery, ...]


def trials_in_every_order(events: int) -> Iterator[Trial]:
    """Yield one trial for each sequence in which the events can arrive, the original one first.

    ``events`` is the number of events.
    """
    for order in permutations(range(events)):
        yield tuple(Delivery(event) for event in order)


def trials_with_kill(trial: Trial, index: int, signals: int) -> Iterator[Trial]:
    """Yield trials in which the process is killed during one delivery, which Stripe repeats.

    ``index`` is the position of the delivery in ``trial``. ``signals`` is the number of signals
    that the delivery sends if the process is not killed. In some of the trials, Stripe repeats the
    delivery at once; in others, it does so after all other deliveries.
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
    """Return a trial that delivers all events, and then delivers all of them again.

    After the first time, no event is recorded as processed, so each is processed twice.
    """
    return (*(replace(delivery, outcome=Outcome.KILLED_AFTER_COMMIT) for delivery in trial), *trial)
