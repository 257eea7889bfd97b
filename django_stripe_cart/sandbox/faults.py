"""Faults that a test requests, for API calls and webhooks."""

import threading
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

from django_stripe_cart.sandbox.http import Object, Response

# Returned instead of running the endpoint; not stored under the idempotency key.
ERROR_RESPONSES: dict[str, tuple[int, str, str | None]] = {
    "rate_limit": (429, "Request rate limit exceeded.", "rate_limit"),
    "lock_timeout": (429, "Another request holds this object. Try again.", "lock_timeout"),
    "in_use": (409, "Another request is using this idempotency key.", "idempotency_key_in_use"),
    "bad_request": (400, "This request is refused, because a test asked for it.", None),
    "unauthorized": (401, "Invalid API Key provided.", None),
    "forbidden": (403, "This key may not do that.", None),
    "server_error": (500, "An unknown error occurred.", None),
    "unavailable": (503, "The service is not available. Try again.", None),
}
# Stored under the idempotency key and replayed: without the endpoint's effect, or after it.
STORED_ERRORS = ("stored_server_error", "stored_server_error_after")
LOST_BEFORE = ("timeout_before", "reset_before")
LOST_AFTER = ("timeout_after", "reset_after", "truncated")
DEGRADED = ("malformed", "slow")
API_FAULTS = (*ERROR_RESPONSES, *STORED_ERRORS, *LOST_BEFORE, *LOST_AFTER, *DEGRADED)

WEBHOOK_FAULTS = ("duplicate", "drop", "delay", "reorder", "wrong_signature", "old_signature")
WEBHOOK = "WEBHOOK"


class ConnectionLost(Exception):
    """An error for a broken connection. The client gets no response, or half of a response.

    The HTTP server and the in-process client each simulate the broken connection.
    """

    def __init__(self, kind: str, response: Response | None = None) -> None:
        super().__init__(kind)
        self.kind, self.response = kind, response


@dataclass
class Fault:
    """A fault for the API calls or the webhooks that match its target."""

    target: str
    kind: str
    times: int | None = 1
    skip: int = 0
    seconds: float = 0
    should_retry: bool | None = None


class Faults:
    """The active faults, each with the number of calls that it still applies to."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        target: str,
        *,
        kind: str,
        times: int | None = 1,
        skip: int = 0,
        seconds: float = 0,
        should_retry: bool | None = None,
    ) -> Fault:
        """Make calls fail: `faults.add("POST /v1/refunds", kind="timeout_after")`.

        `target` is either a method and a path, or `WEBHOOK` and an event type. In `target`, `*`
        matches any text. The fault skips the first `skip` calls, and then applies to the next
        `times` calls. With `times=None`, the fault applies to all later calls. For the kinds `slow`
        and `delay`, `seconds` is the length of the delay. `should_retry` sets the header
        `Stripe-Should-Retry`, which tells the SDK whether to retry the call.
        """
        kinds = WEBHOOK_FAULTS if target.startswith(WEBHOOK) else API_FAULTS
        if kind not in kinds:
            raise ValueError(f"No such fault for {target!r}: {kind!r}. There are: {kinds}.")
        fault = Fault(target, kind, times, skip, seconds, should_retry)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Object]:
        """Return the faults that still apply, as dicts."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, call: str) -> Fault | None:
        """Count an API call or a webhook. Return the fault that applies to it, or None."""
        with self._lock:
            for fault in self._faults:
                if fnmatchcase(call, fault.target):
                    return self._count_call(fault)
        return None

    def _count_call(self, fault: Fault) -> Fault | None:
        """Count a call that matches a fault, and return the fault.

        If the fault skips the call, return None.
        """
        if fault.skip:
            fault.skip -= 1
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        return fault
