"""Listening to what the shop tells its host's receivers, and to what they do then."""

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
NOT_THE_HOSTS = ("django.", "django_fsm", "django_stripe_cart.", "model_utils")


class Killed(Exception):
    """The process ends here: after the receivers, before the commit."""


@dataclass
class Heard:
    """What came of one trial, as far as the host could hear and did answer."""

    told: Counter[str] = field(default_factory=Counter)  # in committed transactions
    wrongs: list[str] = field(default_factory=list)
    lives: int | None = None  # how often something may be told until the process dies
    attempts: list[str] = field(default_factory=list)  # in those that were undone, too
    _given: list[Order] = field(default_factory=list)
    _mails: int = 0

    @property
    def mails(self) -> Counter[str]:
        """The e-mails that were sent, by subject and addresses."""
        sent = _outbox()[self._mails :]
        return Counter(f"“{one.subject}” to {', '.join(one.to)}" for one in sent)

    @contextmanager
    def listening(self) -> Iterator[None]:
        self._mails = len(_outbox())
        post_save.connect(self._notice_save, sender=Order)
        for name, signal in SIGNALS.items():
            signal.send = partial(self._send, name, signal)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for signal in SIGNALS.values():
                del signal.send  # the instance's, so that the class's is back
            post_save.disconnect(self._notice_save, sender=Order)

    def _send(self, name: str, signal: Signal, sender: Any, **named: Any) -> Any:
        self.attempts.append(name)
        self._given.append(named["order"])
        try:
            answers = Signal.send(signal, sender, **named)
        except Killed:
            raise  # over something that a receiver did
        except Exception as error:
            self.note(f"{_receiver_in(error)} raised {error!r} at {name}.")
            raise
        transaction.on_commit(partial(self._commit, name), using=router.db_for_write(Order))
        self._live_on()
        return answers

    def _live_on(self) -> None:
        if self.lives is not None:
            self.lives -= 1
            if self.lives == 0:
                raise Killed

    def note(self, wrong: str) -> None:
        if wrong not in self.wrongs:
            self.wrongs.append(wrong)

    def _commit(self, name: str) -> None:
        self.told[name] += 1

    def _notice_save(
        self, instance: Order, update_fields: frozenset[str] | None = None, **kwargs: Any
    ) -> None:
        """The order that a receiver was given is a snapshot: others move on, and save over it."""
        is_given = any(instance is given for given in self._given)
        if is_given and (update_fields is None or "status" in update_fields):
            frame = _host_frame(sys._getframe(1))
            self.note(f"{frame} saved the order that it was given; ask for it again, with a lock.")


def _outbox() -> list[Any]:
    return getattr(mail, "outbox", [])


def _receiver_in(error: Exception) -> str:
    """The function of the host's that was called first, on the way to the error."""
    step = error.__traceback__
    while step is not None:
        if not _is_ours(step.tb_frame):
            return _name(step.tb_frame)
        step = step.tb_next
    return "A receiver"


def _host_frame(frame: types.FrameType | None) -> str:
    while frame is not None:
        if not _is_ours(frame):
            return _name(frame)
        frame = frame.f_back
    return "A receiver"


def _is_ours(frame: types.FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(NOT_THE_HOSTS)


def _name(frame: types.FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_qualname}"
