"""How long a verb waits for Stripe, all its requests together: no web worker is held longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

DEADLINE = 25.0  # seconds
TIMEOUT = (3.05, 9.0)  # seconds, to connect and to answer

# The same for what nobody asked for, such as closing an order while its shopper signs in.
SHORT_DEADLINE = 5.0
SHORT_TIMEOUT = (1.0, 3.0)

_end: ContextVar[float | None] = ContextVar("stripe_cart_deadline", default=None)
_timeout: ContextVar[tuple[float, float]] = ContextVar("stripe_cart_timeout", default=TIMEOUT)


@contextmanager
def deadline(seconds: float = DEADLINE) -> Iterator[None]:
    """Give up asking Stripe after ``seconds``. Inside another one, the outer one's time counts."""
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
    """Give up asking Stripe soon, and each attempt sooner."""
    token = _timeout.set(SHORT_TIMEOUT)
    try:
        with deadline(SHORT_DEADLINE):
            yield
    finally:
        _timeout.reset(token)


def seconds_left() -> float:
    """float, seconds; infinite where nobody waits for the answer."""
    end = _end.get()
    return float("inf") if end is None else end - time.monotonic()


def attempt_timeout() -> tuple[float, float]:
    """Seconds to connect and to answer, for one attempt."""
    return _timeout.get()
