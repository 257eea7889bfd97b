"""Deadlines: limits for the total time of a checkout, a sync or another action.

The total includes the requests to Stripe, their retries by the SDK, and the time spent waiting for
the database. So a web worker does not wait longer than the limit.
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


@dataclass
class _Stopwatch:
    """Stopwatch of the outermost block with a deadline.

    ``began`` is the time at which the block began, by ``time.monotonic()``. ``at_stripe`` is the
    total time of the block's requests to Stripe.
    """

    began: float
    at_stripe: float = 0.0  # seconds


_stopwatch: ContextVar[_Stopwatch | None] = ContextVar("stripe_cart_stopwatch", default=None)
_is_first_attempt: ContextVar[bool] = ContextVar("stripe_cart_first_attempt", default=False)
_end: ContextVar[float] = ContextVar("stripe_cart_deadline", default=math.inf)
_timeout: ContextVar[tuple[float, float]] = ContextVar("stripe_cart_timeout", default=TIMEOUT)


@contextmanager
def deadline(seconds: float = DEADLINE) -> Iterator[None]:
    """Limit the time of the block to ``seconds`` (float).

    A request to Stripe that could end after the deadline is not sent. A database transaction that
    could end after the deadline is not repeated. If blocks are nested, the earliest deadline
    applies. ``deadline()`` can also be used as a decorator.
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
    """Count the time of the ``with`` block as time spent on Stripe.

    The block sends one request to Stripe, which the SDK may retry.
    """
    began = time.monotonic()
    is_first = _is_first_attempt.set(True)
    try:
        yield
    finally:
        _is_first_attempt.reset(is_first)
        if stopwatch := _stopwatch.get():
            stopwatch.at_stripe += time.monotonic() - began


def is_stripe_slow() -> bool:
    """Return whether at least half of the action's time so far was spent on Stripe.

    The action is the outermost block with a deadline. Return False outside of such a block.
    """
    stopwatch = _stopwatch.get()
    return stopwatch is not None and (2 * stopwatch.at_stripe >= time.monotonic() - stopwatch.began)


def may_attempt(seconds: float) -> bool:
    """Return whether an attempt of a request that can take ``seconds`` may start now.

    A retry may start only if it ends before the deadline. The first attempt may always start: there
    was enough time when the request began, even if a busy machine has used some of it since then.
    """
    if _is_first_attempt.get():
        _is_first_attempt.set(False)
        return True
    return seconds_left() >= seconds


def attempt_timeout() -> tuple[float, float]:
    """Return two timeouts for one attempt: seconds to connect, and seconds to receive the response.

    The timeouts are shorter if little time is left. A response timeout that is cut is a whole
    number, because each different pair of timeouts needs its own HTTP client.
    """
    connect, response = _timeout.get()
    left = seconds_left() - connect
    if left < SHORT_TIMEOUT[1]:
        return SHORT_TIMEOUT
    return connect, response if left >= response else float(int(left))
