"""Record the signals sent to receivers, and problems that the receivers cause."""

from __future__ import annotations

import sys
import types
from collections import Counter
from collections.abc import Iterator
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
    """Simulates a process that is killed after the receivers, before the commit."""


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
        """The number of e-mails sent during the trial, by subject and recipients."""
        sent = _outbox()[self._emails_before :]
        return Counter(f"“{one.subject}” to {', '.join(one.to)}" for one in sent)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record all signals of the app, and saves of orders that they passed."""
        self._emails_before = len(_outbox())
        post_save.connect(self._check_save, sender=Order)
        for name, signal in SIGNALS.items():
            signal.send = partial(self._send, name, signal)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for signal in SIGNALS.values():
                del signal.send  # of the instance, so that the class's method is used again
            post_save.disconnect(self._check_save, sender=Order)

    def _send(self, name: str, signal: Signal, sender: Any, **named: Any) -> Any:
        self.attempts.append(name)
        self._orders.append(named["order"])
        try:
            answers = Signal.send(signal, sender, **named)
        except ProcessKilled:
            raise  # from a signal that a receiver caused
        except Exception as error:
            self.add_problem(f"{_receiver_in(error)} raised {error!r} for {name}.")
            raise
        transaction.on_commit(partial(self._commit, name), using=router.db_for_write(Order))
        self._count_down_to_crash()
        return answers

    def _count_down_to_crash(self) -> None:
        """Raise ``ProcessKilled`` after the last signal before the crash."""
        if self.signals_until_crash is not None:
            self.signals_until_crash -= 1
            if self.signals_until_crash == 0:
                raise ProcessKilled

    def add_problem(self, problem: str) -> None:
        """Add a sentence about a problem, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def _commit(self, name: str) -> None:
        self.committed[name] += 1

    def _check_save(
        self, instance: Order, update_fields: frozenset[str] | None = None, **kwargs: Any
    ) -> None:
        """Report a receiver that saves the order it received, which may be outdated by then."""
        is_sent_order = any(instance is order for order in self._orders)
        if is_sent_order and (update_fields is None or "status" in update_fields):
            frame = _host_frame(sys._getframe(1))
            self.add_problem(
                f"{frame} saved the order that it received; read it again with a lock."
            )


def _outbox() -> list[Any]:
    return getattr(mail, "outbox", [])


def _receiver_in(error: Exception) -> str:
    """Return the name of the outermost function of the host in the traceback."""
    traceback = error.__traceback__
    while traceback is not None:
        if not _is_library(traceback.tb_frame):
            return _name(traceback.tb_frame)
        traceback = traceback.tb_next
    return "A receiver"


def _host_frame(frame: types.FrameType | None) -> str:
    """Return the name of the innermost function of the host on the stack."""
    while frame is not None:
        if not _is_library(frame):
            return _name(frame)
        frame = frame.f_back
    return "A receiver"


def _is_library(frame: types.FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(LIBRARIES)


def _name(frame: types.FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_qualname}"
