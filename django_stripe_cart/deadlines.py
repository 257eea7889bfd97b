"""Deadlines: limits for the total time of a checkout, a sync or another action.

The time of all requests to Stripe counts, with the retries of the SDK, and the time for which the
database made the action wait. So a web worker does not wait longer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

DEADLINE = 28.0  # seconds; the usual limit of web workers is 30
TIMEOUT = (3.05, 9.0)  # seconds to connect to Stripe, and to receive the response

# For requests in the background of another action, such as closing an order at sign-in.
SHORT_DEADLINE = 5.0
SHORT_TIMEOUT = (1.0, 3.0)

# From the choice of the timeouts until the SDK sends the request. The first time, it is imported.
TIME_TO_SEND = 0.5  # seconds


@dataclass
class _Stopwatch:
    """When the outermost block with a deadline began, and how long Stripe's responses took."""

    began: float
    at_stripe: float = 0.0  # seconds


_stopwatch: ContextVar[_Stopwatch | None] = ContextVar("stripe_cart_stopwatch", default=None)
_end: ContextVar[float] = ContextVar("stripe_cart_deadline", default=math.inf)
_timeout: ContextVar[tuple[float, float]] = ContextVar("stripe_cart_timeout", default=TIMEOUT)


@contextmanager
def deadline(seconds: float = DEADLINE) -> Iterator[None]:
    """Limit the time of the block to ``seconds`` (float).

    A request to Stripe that could end later is not sent, and a database transaction that could end
    later is not repeated. If blocks are nested, the earliest of their ends applies. ``deadline()``
    can also be used as a decorator.
    """
    now = time.monotonic()
    end = _end.set(min(_end.get(), now + seconds))
    stopwatch = _stopwatch.set(_stopwatch.get() or _Stopwatch(now))
    try:
        yield
    finally:
        _stopwatch.reset(stopwatch)
        _end.reset(end)


@contextmanager
def short_deadline() -> Iterator[None]:
    """Limit the time of the block to ``SHORT_DEADLINE`` seconds.

    Each request to Stripe has shorter timeouts, too.
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


def is_time_left() -> bool:
    """Return whether there is enough time for a request to Stripe."""
    return seconds_left() >= sum(SHORT_TIMEOUT)


@contextmanager
def waiting_for_stripe() -> Iterator[None]:
    """Count the time of the block as time for which Stripe's response took."""
    began = time.monotonic()
    try:
        yield
    finally:
        if stopwatch := _stopwatch.get():
            stopwatch.at_stripe += time.monotonic() - began


def is_stripe_slow() -> bool:
    """Return whether at least half of the time since the block began was spent on Stripe."""
    stopwatch = _stopwatch.get()
    return stopwatch is not None and (2 * stopwatch.at_stripe >= time.monotonic() - stopwatch.began)


def attempt_timeout() -> tuple[float, float]:
    """Return two timeouts for one attempt: seconds to connect, and to receive the response.

    They are shorter if little time is left, in whole seconds, since each pair has its own client.
    An attempt that does not fit any more when it is sent would look like a failure of Stripe.
    """
    timeout, left = _timeout.get(), seconds_left() - TIME_TO_SEND
    if left >= sum(timeout) or left < sum(SHORT_TIMEOUT) - 2 * TIME_TO_SEND:
        return timeout
    connect = SHORT_TIMEOUT[0]
    return connect, min(timeout[1], float(int(left - connect)))
