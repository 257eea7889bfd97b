"""Crashes at a tracepoint: a process that kills itself, or a database connection that is closed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from django.db import connection

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.gateway.http import DeadlineHTTPClient
from tests.batteries.actions import Action
from tests.batteries.tracepoints import trace_requests, traced
from tests.batteries.worker_process import browser_of

SHORT_TIMEOUTS = (2.0, 1.0)


def kill_at(
    action: Action, user_pk: int, point: int | None, *, report: Callable[[str], None]
) -> Any:
    """Run ``action`` in this process, report each tracepoint, and die at number ``point``."""
    browser_of(user_pk)
    passed = 0

    def die_at_point(name: str) -> None:
        nonlocal passed
        report(name)
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    with traced(die_at_point):
        return action[0](*action[1])


def kill_at_with_short_timeouts(
    action: Action, user_pk: int, point: int, *, report: Callable[[str], None]
) -> Any:
    with transport(trace_requests(DeadlineHTTPClient(SHORT_TIMEOUTS))):
        return kill_at(action, user_pk, point, report=report)


def close_connection_at_server() -> None:
    """Have the database server close this thread's connection."""
    if connection.connection is None:
        return
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            if connection.vendor == "postgresql":
                pid = connection.connection.info.backend_pid
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            else:
                cursor.execute("KILL CONNECTION %s", [connection.connection.thread_id()])
    finally:
        other.close()


def has_closable_connection() -> bool:
    """Return whether the database has a server that can close a connection."""
    return connection.vendor != "sqlite"
