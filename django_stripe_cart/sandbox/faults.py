"""Trouble on request: every call and every webhook asks here whether something is to go wrong."""

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase

from django_stripe_cart.sandbox.http import Object, Response

# What answers in the endpoint's place, before it did anything. Nothing is kept under the key.
REFUSALS: dict[str, tuple[int, str, str | None]] = {
    "rate_limit": (429, "Request rate limit exceeded.", "rate_limit"),
    "lock_timeout": (429, "Another request holds this object. Try again.", "lock_timeout"),
    "in_use": (409, "Another request is using this idempotency key.", "idempotency_key_in_use"),
    "bad_request": (400, "This request is refused, because a test asked for it.", None),
    "unauthorized": (401, "Invalid API Key provided.", None),
    "forbidden": (403, "This key may not do that.", None),
    "server_error": (500, "An unknown error occurred.", None),
    "unavailable": (503, "The service is not available. Try again.", None),
}
# Kept under the idempotency key, and given again for ever: without the effect, or with it.
STORED = ("stored_server_error", "stored_server_error_after")
LOST_BEFORE = ("timeout_before", "reset_before")
LOST_AFTER = ("timeout_after", "reset_after", "truncated")
SPOILED = ("malformed", "slow")
OF_THE_API = (*REFUSALS, *STORED, *LOST_BEFORE, *LOST_AFTER, *SPOILED)

OF_WEBHOOKS = ("duplicate", "drop", "delay", "reorder", "wrong_signature", "old_signature")
WEBHOOK = "WEBHOOK"


class ConnectionLost(Exception):
    """No answer, or half of one, will arrive; each transport plays it in its own way."""

    def __init__(self, kind: str, response: Response | None = None) -> None:
        super().__init__(kind)
        self.kind, self.response = kind, response


@dataclass
class Fault:
    """One kind of trouble, for the calls that its target matches."""

    target: str
    kind: str
    times: int | None = 1
    skip: int = 0
    seconds: float = 0
    should_retry: bool | None = None

    def describe(self) -> Object:
        """Return the fault as plain data."""
        return dict(vars(self))


class Faults:
    """What is to go wrong, and how often."""

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
        """Have calls fail: `faults.add("POST /v1/refunds", kind="timeout_after")`.

        The target is a method and a path, or `WEBHOOK` and a type of event; `*` stands for
        anything. `times` is how often (None: always), after the first `skip` calls. `seconds` is
        how long something is `slow` or a webhook's `delay`. `should_retry` sends the header that
        tells the SDK whether to try again.
        """
        kinds = OF_WEBHOOKS if target.startswith(WEBHOOK) else OF_THE_API
        if kind not in kinds:
            raise ValueError(f"No such fault for {target!r}: {kind!r}. There are: {kinds}.")
        fault = Fault(target, kind, times, skip, seconds, should_retry)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Have everything go well again."""
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Object]:
        """Return what is still to go wrong."""
        with self._lock:
            return [fault.describe() for fault in self._faults]

    def take(self, call: str) -> Fault | None:
        """Return the fault that this call meets, and count it."""
        with self._lock:
            for fault in self._faults:
                if fnmatchcase(call, fault.target):
                    return self._count(fault)
        return None

    def _count(self, fault: Fault) -> Fault | None:
        if fault.skip:
            fault.skip -= 1
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        return fault
