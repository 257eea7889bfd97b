"""Deadlines for Stripe: how long all requests of one call may take together.

A web worker is not held longer than that, however often the SDK retries.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

DEADLINE = 25.0  # seconds
TIMEOUT = (3.05, 9.0)  # seconds, to connect and to answer

# For requests that the shopper did not ask for, such as closing an order at sign-in.
SHORT_DEADLINE = 5.0
SHORT_TIMEOUT = (1.0, 3.0)

_end: ContextVar[float | None] = ContextVar("stripe_cart_deadline", default=None)
_timeout: ContextVar[tuple[float, float]] = ContextVar("stripe_cart_timeout", default=TIMEOUT)


@contextmanager
def deadline(seconds: float = DEADLINE) -> Iterator[None]:
    """Start no request to Stripe that could end later than ``seconds`` (float) from now.

    Inside another deadline, the outer one counts. Also usable as a decorator.
    """
    if _end.get() is not None:
        yield
        return
    token = _end.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _end.reset(token)


@contextmanager
def short_deadline() -> Iterator[None]:
    """Use a deadline of ``SHORT_DEADLINE`` seconds, and a shorter timeout for each attempt."""
    token = _timeout.set(SHORT_TIMEOUT)
    try:
        with deadline(SHORT_DEADLINE):
            yield
    finally:
        _timeout.reset(token)


def seconds_left() -> float:
    """Return the seconds until the deadline, or infinity without one."""
    end = _end.get()
    return float("inf") if end is None else end - time.monotonic()


def attempt_timeout() -> tuple[float, float]:
    """Return the timeout of one attempt: the seconds to connect, and to answer."""
    return _timeout.get()
