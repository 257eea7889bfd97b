"""Deterministic interleaving: a second action runs at a named tracepoint of the first.

Each action has its own thread and database connection. While the first holds no lock, it waits
until the second is done. Within a transaction, the first continues as soon as the second is blocked
by a lock, and the second finishes afterwards.
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
from tests.batteries.actions import Action
from tests.batteries.tracepoints import trace_requests, traced
from tests.batteries.worker_process import browser_of

BLOCKED_AFTER = 0.2  # seconds in one statement: most likely it waits for a lock
SURELY_BLOCKED_AFTER = 2.0  # seconds: it waits for a lock even on a busy machine
TIMEOUT = 300

ChoosePoint = Callable[[int, str], bool]


@dataclass
class Interleaving:
    """The tracepoints of the first action, and the outcome or exception of both actions."""

    points: list[str] = field(default_factory=list)
    first: Any = None
    second: Any = None
    has_met: bool = False


class Actor(threading.Thread):
    """A thread with its own connection that runs one action when it is started."""

    def __init__(self, action: Action, user_pk: int) -> None:
        super().__init__(daemon=True)
        self.action, self.user_pk = action, user_pk
        self.may_act = threading.Event()
        self.is_ready = threading.Event()
        self.outcome: Any = None
        self.statement_started_at: float | None = None
        self.start()
        assert self.is_ready.wait(TIMEOUT)

    def run(self) -> None:
        try:
            browser_of(self.user_pk)
            self.is_ready.set()
            self.may_act.wait(TIMEOUT)
            self.outcome = self.act()
        except Exception as error:
            self.outcome = error
        finally:
            self.is_ready.set()
            connections.close_all()

    def act(self) -> Any:
        function, arguments = self.action
        with connection.execute_wrapper(self.time_statement):
            return function(*arguments)

    def time_statement(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.statement_started_at = time.monotonic()
        try:
            return execute(*statement)
        finally:
            self.statement_started_at = None

    def is_blocked(self, seconds: float) -> bool:
        """Return whether one statement has run for longer than ``seconds``: it awaits a lock."""
        started_at = self.statement_started_at
        return started_at is not None and time.monotonic() - started_at > seconds

    def finish(self, *, unless_blocked_for: float | None = None) -> bool:
        """Let the action run, and return whether it is done.

        ``unless_blocked_for`` (seconds) stops waiting for an action that is blocked by a lock.
        """
        self.may_act.set()
        deadline = time.monotonic() + TIMEOUT
        while self.is_alive() and time.monotonic() < deadline:
            if unless_blocked_for is not None and self.is_blocked(unless_blocked_for):
                break
            self.join(0.005)
        return not self.is_alive()


class TracedActor(Actor):
    """An actor that calls ``on_point`` at each tracepoint of its action."""

    def __init__(self, action: Action, user_pk: int, on_point: Callable[[str], None]) -> None:
        self.on_point = on_point
        super().__init__(action, user_pk)

    def act(self) -> Any:
        with traced(self.on_point):
            return super().act()


def interleave(
    sandbox: Sandbox,
    first: Action,
    second: Action,
    *,
    at: ChoosePoint,
    users: tuple[int, int],
    blocked_after: float = BLOCKED_AFTER,
) -> Interleaving:
    """Run ``first``, and ``second`` at the tracepoint for which ``at(number, name)`` is true.

    ``second`` counts as blocked when a statement runs longer than ``blocked_after`` (seconds).
    """
    interleaving = Interleaving()

    def run_second(name: str) -> None:
        number = len(interleaving.points)
        interleaving.points.append(name)
        is_chosen = at(number, name)
        if interleaving.has_met or not is_chosen:
            return
        interleaving.has_met = True
        second_actor.finish(unless_blocked_for=blocked_after if _holds_locks(name) else None)

    with transport(trace_requests(sandbox.http_client())):
        second_actor = Actor(second, users[1])
        first_actor = TracedActor(first, users[0], run_second)
        assert first_actor.finish(), "The first action did not end."
        assert second_actor.finish(), "The second action did not end."
    interleaving.first, interleaving.second = first_actor.outcome, second_actor.outcome
    return interleaving


def _holds_locks(point: str) -> bool:
    # While it commits, Django no longer reports an open transaction.
    return connection.in_atomic_block or point.startswith("before COMMIT")
