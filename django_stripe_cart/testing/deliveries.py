"""Orders in which a scenario's webhooks can arrive, with repetitions and crashes."""

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
    """One delivery of an event, given by its index in the scenario."""

    event: int
    outcome: Outcome = Outcome.PROCESSED
    signals_until_crash: int | None = None  # the process is killed after so many signals


Trial = tuple[Delivery, ...]


def permuted(events: int) -> Iterator[Trial]:
    """Yield every order of the events, each delivered once; the original order first."""
    for order in permutations(range(events)):
        yield tuple(Delivery(event) for event in order)


def with_crash(trial: Trial, index: int, signals: int) -> Iterator[Trial]:
    """Yield trials in which the process is killed during one delivery.

    ``index`` is the delivery's position, ``signals`` the number of signals that it normally sends.
    """
    for signals_until_crash in range(1, signals + 1):
        yield from _with_retry(
            trial,
            index,
            Delivery(trial[index].event, Outcome.KILLED_BEFORE_COMMIT, signals_until_crash),
        )
    yield from _with_retry(trial, index, Delivery(trial[index].event, Outcome.KILLED_AFTER_COMMIT))


def _with_retry(trial: Trial, index: int, crashed: Delivery) -> Iterator[Trial]:
    """Yield trials in which Stripe retries the delivery: at once, and after the others."""
    before, retry, after = trial[:index], trial[index], trial[index + 1 :]
    yield (*before, crashed, retry, *after)
    if after:
        yield (*before, crashed, *after, retry)


def repeated(trial: Trial) -> Trial:
    """Return a trial that delivers everything twice, as if the first time was not recorded."""
    return (*(replace(delivery, outcome=Outcome.KILLED_AFTER_COMMIT) for delivery in trial), *trial)
