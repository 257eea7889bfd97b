"""An HTTP client for the SDK that starts no attempt beyond the current deadline.

The one module that imports ``stripe`` at its top; it is itself imported at the first request.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import stripe

from django_stripe_cart.gateway.deadlines import TIMEOUT, seconds_left


class DeadlineHTTPClient(stripe.RequestsClient):
    """Stripe's client for ``requests``, which checks the deadline before each attempt."""

    def __init__(self, timeout: tuple[float, float] = TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._max_seconds = sum(timeout)

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Make one attempt; the SDK calls this again for each retry."""
        if seconds_left() < self._max_seconds:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                "Stripe takes too long.", should_retry=False
            )
        answer = super().request(method, url, headers, post_data)
        # Older SDKs sleep for as long as this header says, up to a minute, before they retry.
        cast("MutableMapping[str, str]", answer[2]).pop("Retry-After", None)
        return answer
