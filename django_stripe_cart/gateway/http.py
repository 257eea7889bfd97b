"""The SDK's way to Stripe, which begins no attempt that could outlast the verb's deadline.

The one module that imports ``stripe`` at its top: it is itself imported at the first request.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import stripe

from django_stripe_cart.gateway.deadlines import TIMEOUT, seconds_left


class DeadlineHTTPClient(stripe.RequestsClient):
    def __init__(self, timeout: tuple[float, float] = TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._longest = sum(timeout)

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Make one attempt, of which the SDK may ask for several."""
        if seconds_left() < self._longest:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                "Stripe takes too long.", should_retry=False
            )
        answer = super().request(method, url, headers, post_data)
        # Older SDKs sleep as long as this says, up to a minute, before they try again.
        cast("MutableMapping[str, str]", answer[2]).pop("Retry-After", None)
        return answer
