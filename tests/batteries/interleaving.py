"""Two at once, and always in the same way: the second acts at a named point of the first.

Each has a thread and a connection of its own. Where the first holds no lock, it waits until the
second is done. Inside a transaction the second may have to wait for it: then it goes on as soon as
the second is held up, which finishes afterwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, connections

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.sandbox import Sandbox
from tests.batteries.tracepoints import watch_requests, watched
from tests.batteries.worker_process import browser_of

A_MOMENT = 0.2  # seconds in one statement: then it waits for a lock, most likely
A_LONG_MOMENT = 2.0  # then it does, however busy the machine is
PATIENCE = 300

Deed = tuple[Callable[..., Any], tuple[Any, ...]]
Choose = Callable[[int, str], bool]


@dataclass
class Meeting:
    """What became of both: answers, or the exceptions that nobody caught."""

    points: list[str] = field(default_factory=list)
    first: Any = None
    second: Any = None
    met: int = 0


class Actor(threading.Thread):
    """Somebody with a connection of their own, who waits for the word."""

    def __init__(self, deed: Deed, user_pk: int) -> None:
        super().__init__(daemon=True)
        self.deed, self.user_pk = deed, user_pk
        self.word = threading.Event()
        self.is_ready = threading.Event()
        self.outcome: Any = None
        self.asked_at: float | None = None
        self.start()
        assert self.is_ready.wait(PATIENCE)

    def run(self) -> None:
        try:
            browser_of(self.user_pk)
            self.is_ready.set()
            self.word.wait(PATIENCE)
            self.outcome = self.act()
        except Exception as error:
            self.outcome = error
        finally:
            self.is_ready.set()
            connections.close_all()

    def act(self) -> Any:
        function, arguments = self.deed
        with connection.execute_wrapper(self.note_the_time):
            return function(*arguments)

    def note_the_time(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.asked_at = time.monotonic()
        try:
            return execute(*statement)
        finally:
            self.asked_at = None

    def is_held_up(self, moment: float) -> bool:
        """Whether the database has not answered for so long: somebody holds a lock."""
        asked_at = self.asked_at
        return asked_at is not None and time.monotonic() - asked_at > moment

    def finish(self, *, unless_held_up: float | None = None) -> bool:
        """Say the word, wait, and return whether it is done. ``unless_held_up`` is in seconds."""
        self.word.set()
        deadline = time.monotonic() + PATIENCE
        while self.is_alive() and time.monotonic() < deadline:
            if unless_held_up is not None and self.is_held_up(unless_held_up):
                break
            self.join(0.005)
        return not self.is_alive()


class Watched(Actor):
    """The one whose points are counted."""

    def __init__(self, deed: Deed, user_pk: int, reach: Callable[[str], None]) -> None:
        self.reach = reach
        super().__init__(deed, user_pk)

    def act(self) -> Any:
        with watched(self.reach):
            return super().act()


def meet(
    sandbox: Sandbox,
    first: Deed,
    second: Deed,
    *,
    at: Choose,
    users: tuple[int, int],
    moment: float = A_MOMENT,
) -> Meeting:
    """Run ``first``, and ``second`` as soon as ``at(number, name)`` of a point is true.

    There ``second`` counts as held up when a statement lasts longer than ``moment`` (seconds).
    """
    meeting = Meeting()

    def reach(name: str) -> None:
        number = len(meeting.points)
        meeting.points.append(name)
        is_there = at(number, name)
        if meeting.met or not is_there:
            return
        meeting.met += 1
        rival.finish(unless_held_up=moment if _holds_locks(name) else None)

    with transport(watch_requests(sandbox.http_client())):
        rival = Actor(second, users[1])
        actor = Watched(first, users[0], reach)
        assert actor.finish(), "The first never ended."
        assert rival.finish(), "The second never ended."
    meeting.first, meeting.second = actor.outcome, rival.outcome
    return meeting


def _holds_locks(point: str) -> bool:
    # On its way to the commit, Django no longer calls it a transaction.
    return connection.in_atomic_block or point.startswith("before COMMIT")
