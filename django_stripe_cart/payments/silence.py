"""Detect that Stripe does not answer, to stop a long sync early."""

from __future__ import annotations

import logging

from django_stripe_cart.exceptions import PaymentNotConfigured, PaymentRetryable, PaymentUnknown

logger = logging.getLogger("stripe_cart")

MAX_FAILURES = 3  # in a row; each can take the whole deadline of a request

# With a refused key, too, each further request would fail.
SILENT = (PaymentRetryable, PaymentUnknown, PaymentNotConfigured)


class Silence:
    """Counter of the requests that failed in a row because of Stripe.

    Such a request got no answer, or got an error that further requests would get, too.
    """

    def __init__(self) -> None:
        self._failures = 0

    def note(self, error: Exception | None) -> None:
        """Add 1 to the count if Stripe did not answer as it should. Otherwise, set the count to 0.

        ``error`` is the exception that the request raised, or None after a success.
        """
        self._failures = self._failures + 1 if isinstance(error, SILENT) else 0
        if self._failures == MAX_FAILURES:
            logger.error("Stripe did not answer %d times in a row: the rest waits.", MAX_FAILURES)

    @property
    def is_certain(self) -> bool:
        """Return whether the last three requests failed because of Stripe."""
        return self._failures >= MAX_FAILURES
