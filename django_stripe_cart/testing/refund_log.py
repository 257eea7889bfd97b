"""Log unasked refunds: requests to Stripe that no running ``refund_order`` call asked for.

Only the call of ``refund_order`` for a refund may send the refund to Stripe. A webhook, a page or
``stripe_cart_sync`` may only ask Stripe whether the refund was made. To check this::

    log = RefundLog()
    with transport(log.watch(sandbox.http_client())):
        ...
    assert violations(sandbox, unasked_refunds=log.unasked) == []
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django_stripe_cart.refunds import refund_order

if TYPE_CHECKING:
    import stripe

REFUND_ORDER = inspect.unwrap(refund_order).__code__
KEY_PREFIX = "stripe-cart-refund-"


class RefundLog:
    """A log of the refunds that were sent to Stripe outside of the ``refund_order`` call for them.

    ``unasked`` is the list of their idempotency keys.
    """

    def __init__(self) -> None:
        self.unasked: list[str] = []

    def watch(self, client: stripe.HTTPClient) -> stripe.HTTPClient:
        """Check each request that ``client`` sends, and log unasked refunds. Return ``client``."""
        send = client.request

        def request(method: str, url: str, headers: Any, *rest: Any, **options: Any) -> Any:
            if is_unasked_refund(method, url, headers):
                self.unasked.append(_idempotency_key(headers))
            return send(method, url, headers, *rest, **options)

        client.request = request  # type: ignore[method-assign]
        return client


def is_unasked_refund(method: str, url: str, headers: Mapping[str, Any] | None) -> bool:
    """Return whether a request to Stripe makes a refund that no running ``refund_order`` asked for.

    While no call of ``refund_order`` is running, every refund is unasked.
    """
    if (method.upper(), urlsplit(url).path) != ("POST", "/v1/refunds"):
        return False
    return _idempotency_key(headers or {}).removeprefix(KEY_PREFIX) not in _running_refund_keys()


def _running_refund_keys() -> set[str]:
    """Return the values of the local variables of the running ``refund_order`` call, as text.

    The key of the call's refund is one of them. The set is empty if no call is running. The
    variables are read from the stack: other modules import ``refund_order`` by name, so it can't be
    replaced in one place.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code is REFUND_ORDER:
            values = frame.f_locals.values()
            return {str(getattr(value, "key", value)) for value in values if value}
    return set()


def _idempotency_key(headers: Mapping[str, Any]) -> str:
    """Return the idempotency key in the headers of a request, or an empty string."""
    return str(next((headers[one] for one in headers if one.lower() == "idempotency-key"), ""))
