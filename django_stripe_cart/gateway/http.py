"""HTTP client that applies the deadline to the requests of Stripe's SDK.

This module imports ``stripe``, so it is imported only at the first request to Stripe.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import stripe

from django_stripe_cart.deadlines import TIMEOUT, may_attempt


class DeadlineHTTPClient(stripe.RequestsClient):
    """HTTP client of the SDK that sends a request only if it can end before the deadline."""

    def __init__(self, timeout: tuple[float, float] = TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._max_seconds = sum(timeout)

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one attempt of a request. For each retry, the SDK calls this method again."""
        if not may_attempt(self._max_seconds):
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                "Stripe takes too long.", should_retry=False
            )
        answer = super().request(method, url, headers, post_data)
        # Older SDKs wait for the time in this header, up to a minute, before they retry.
        cast("MutableMapping[str, str]", answer[2]).pop("Retry-After", None)
        return answer
