"""The log of API calls."""

from collections import deque

from django_stripe_cart.sandbox.http import Object, Request

MAX_ENTRIES = 10_000


class RequestLog:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self.entries: deque[Object] = deque(maxlen=MAX_ENTRIES)

    def add(self, request: Request, *, fault: str | None) -> Object:
        """Add a call and return its entry, which the caller completes.

        The status stays None if the response was lost.
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
