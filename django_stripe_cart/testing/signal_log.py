"""Record the signals sent to receivers, and the problems that receivers cause."""

from __future__ import annotations

import sys
import traceback
import types
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core import mail
from django.db import router, transaction
from django.db.models.signals import post_save
from django.dispatch import Signal

from django_stripe_cart import signals
from django_stripe_cart.models import Order

SIGNALS = {name: value for name, value in vars(signals).items() if isinstance(value, Signal)}
LIBRARIES = ("django.", "django_fsm", "django_stripe_cart.", "model_utils")


class ProcessKilled(Exception):
    """Exception that simulates a process that is killed before the commit."""


@dataclass
class SignalLog:
    """The signals, e-mails and problems of one trial."""

    committed: Counter[str] = field(default_factory=Counter)  # sent in committed transactions
    problems: list[str] = field(default_factory=list)
    signals_until_crash: int | None = None  # the process is killed after so many signals
    attempts: list[str] = field(default_factory=list)  # sent, including in rolled-back transactions
    _orders: list[Order] = field(default_factory=list)
    _emails_before: int = 0

    @property
    def emails(self) -> Counter[str]:
        """Return the number of e-mails sent during the trial, by subject and recipients."""
        sent = _outbox()[self._emails_before :]
        return Counter(f"“{one.subject}” to {', '.join(one.to)}" for one in sent)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the signals that are sent during the ``with`` block.

        A receiver that saves the order that it has received is recorded as a problem.
        """
        self._emails_before = len(_outbox())
        post_save.connect(self._report_outdated_save, sender=Order)
        for name, signal in SIGNALS.items():
            signal.send = partial(self._send_and_record, name, signal)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for signal in SIGNALS.values():
                del signal.send  # of the instance, so that the class's method is used again
            post_save.disconnect(self._report_outdated_save, sender=Order)

    def _send_and_record(self, name: str, signal: Signal, sender: Any, **named: Any) -> Any:
        """Send a signal and record it. If a receiver raises an exception, record and raise it."""
        self.attempts.append(name)
        self._orders.append(named["order"])
        try:
            answers = Signal.send(signal, sender, **named)
        except ProcessKilled:
            raise  # from a signal that a receiver caused
        except Exception as error:
            receiver = _first_host_function(traceback.walk_tb(error.__traceback__))
            self.add_problem(f"{receiver} raised {error!r} for {name}.")
            raise
        transaction.on_commit(partial(self._count_commit, name), using=router.db_for_write(Order))
        self._count_down_to_crash()
        return answers

    def _count_down_to_crash(self) -> None:
        """Count a signal, and raise ``ProcessKilled`` if the trial crashes after this signal."""
        if self.signals_until_crash is not None:
            self.signals_until_crash -= 1
            if self.signals_until_crash == 0:
                raise ProcessKilled

    def add_problem(self, problem: str) -> None:
        """Record ``problem``, a sentence. A second call with the same sentence does nothing."""
        if problem not in self.problems:
            self.problems.append(problem)

    def _count_commit(self, name: str) -> None:
        """Count the signal ``name``: the transaction in which it was sent is committed."""
        self.committed[name] += 1

    def _report_outdated_save(
        self, instance: Order, update_fields: frozenset[str] | None = None, **kwargs: Any
    ) -> None:
        """Record a problem if a receiver saves the order that it has received.

        That order may be out of date.
        """
        is_sent_order = any(instance is order for order in self._orders)
        if is_sent_order and (update_fields is None or "status" in update_fields):
            receiver = _first_host_function(traceback.walk_stack(sys._getframe(1)))
            self.add_problem(
                f"{receiver} saved the order that it received; read it again with a lock."
            )


def _outbox() -> list[Any]:
    """Return all e-mails that Django's locmem backend has sent so far."""
    return getattr(mail, "outbox", [])


def _first_host_function(frames: Iterable[tuple[types.FrameType, int]]) -> str:
    """Return the name of the first function outside the libraries, or "A receiver"."""
    names = (
        f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_qualname}" for frame, _ in frames
    )
    return next((name for name in names if not name.startswith(LIBRARIES)), "A receiver")
