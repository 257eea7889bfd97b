"""Detection of a Stripe that does not answer, so that a long sync can stop."""

from __future__ import annotations

import logging

from django_stripe_cart.exceptions import PaymentNotConfigured, PaymentRetryable, PaymentUnknown

logger = logging.getLogger("stripe_cart")

MAX_FAILURES = 3  # in a row; each can take the whole deadline of a request

# With a refused key, too, each further request would fail.
SILENT = (PaymentRetryable, PaymentUnknown, PaymentNotConfigured)


class Silence:
    """Counter of the requests in a row to which Stripe did not answer, or not as it should."""

    def __init__(self) -> None:
        self._failures = 0

    def note(self, error: Exception | None) -> None:
        """Count a failure if ``error`` is one of Stripe, else begin again. None is a success."""
        self._failures = self._failures + 1 if isinstance(error, SILENT) else 0
        if self._failures == MAX_FAILURES:
            logger.error("Stripe did not answer %d times in a row: the rest waits.", MAX_FAILURES)

    @property
    def is_certain(self) -> bool:
        """Return whether Stripe did not answer several times in a row."""
        return self._failures >= MAX_FAILURES
