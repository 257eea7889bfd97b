"""The log of API calls, for those who want to count them."""

from collections import deque

from django_stripe_cart.sandbox.http import Object, Request

KEPT = 10_000


class RequestLog:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Object] = deque(maxlen=KEPT)

    def open(self, request: Request, *, fault: str | None) -> Object:
        """Note that a call arrived; what became of it is filled in later.

        The status stays None when the answer was lost.
        """
        entry: Object = {
            "method": request.method,
            "path": request.path,
            "params": {},
            "idempotency_key": request.headers.get("idempotency-key"),
            "stripe_version": request.headers.get("stripe-version"),
            "status": None,
            "fault": fault,
        }
        self.entries.append(entry)
        return entry
