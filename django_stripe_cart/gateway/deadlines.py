"""Deadlines for requests to Stripe.

A deadline limits the total time of all requests in a block, including the retries of the SDK, so
that a web worker does not wait longer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

DEADLINE = 25.0  # seconds
TIMEOUT = (3.05, 9.0)  # seconds to connect, and to receive the response

# For requests in the background of another action, such as closing an order at sign-in.
SHORT_DEADLINE = 5.0
SHORT_TIMEOUT = (1.0, 3.0)

_end: ContextVar[float] = ContextVar("stripe_cart_deadline", default=math.inf)
_timeout: ContextVar[tuple[float, float]] = ContextVar("stripe_cart_timeout", default=TIMEOUT)


@contextmanager
def deadline(seconds: float = DEADLINE) -> Iterator[None]:
    """Limit the total time of the requests to Stripe in the block to ``seconds`` (float).

    A request that could end later is not sent. If blocks are nested, only the deadline of the outer
    block applies. ``deadline()`` can also be used as a decorator.
    """
    outer = _end.get()
    token = _end.set(outer if outer < math.inf else time.monotonic() + seconds)
    try:
        yield
    finally:
        _end.reset(token)


@contextmanager
def short_deadline() -> Iterator[None]:
    """Limit the requests to Stripe in the block to ``SHORT_DEADLINE`` seconds in total.

    Each request has shorter timeouts, too.
    """
    token = _timeout.set(SHORT_TIMEOUT)
    try:
        with deadline(SHORT_DEADLINE):
            yield
    finally:
        _timeout.reset(token)


def seconds_left() -> float:
    """Return the time until the deadline in seconds, or infinity if there is no deadline."""
    return _end.get() - time.monotonic()


def attempt_timeout() -> tuple[float, float]:
    """Return two timeouts for one attempt: seconds to connect, and to receive the response."""
    return _timeout.get()
