"""Idempotency keys: store the first response to a request, and replay it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError, idempotency_error
from django_stripe_cart.sandbox.http import Object, Request, Response

RETENTION = 24 * 60 * 60
MAX_LENGTH = 255


class IdempotencyKeys:
    """The idempotency keys of calls that are running, and the stored responses of earlier calls."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._in_use: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def lock(self, key: str | None) -> Iterator[None]:
        """Lock a key during the `with` block. Raise `ApiError` if another call holds the lock."""
        if key is None:
            yield
            return
        if len(key) > MAX_LENGTH:
            raise ApiError(f"Idempotency keys can be up to {MAX_LENGTH} characters long.")
        self._claim_key(key)
        try:
            yield
        finally:
            with self._lock:
                self._in_use.discard(key)

    def replay(self, key: str | None, request: Request, params: Object) -> Response | None:
        """Return the response that was stored under a key in the last 24 hours, or None.

        Raise `ApiError` if the key was first used for another request.
        """
        kept = self._account.store.get(_storage_id(key)) if key else None
        if kept is None or kept["created"] + RETENTION <= self._account.clock.now():
            return None
        if (kept["method"], kept["path"]) != (request.method, request.path):
            raise idempotency_error(
                f"Keys for idempotent requests can only be used for one endpoint: '{key}' was"
                f" first used for {kept['method']} {kept['path']}."
            )
        if kept["params"] != params:
            raise idempotency_error(
                f"Keys for idempotent requests can only be used with the same parameters: '{key}'"
                " was first used with others."
            )
        headers = {
            "Content-Type": "application/json",
            "Idempotent-Replayed": "true",
            "Original-Request": kept["request_id"],
        }
        return Response(kept["status"], headers, kept["body"].encode())

    def store(
        self,
        key: str | None,
        request: Request,
        params: Object,
        response: Response,
        request_id: str,
    ) -> None:
        """Store the response to a call under its idempotency key, for `replay`.

        If the key is None, do nothing.
        """
        if key is None:
            return
        body = {
            "id": _storage_id(key),
            "created": self._account.clock.now(),
            "method": request.method,
            "path": request.path,
            "params": params,
            "status": response.status,
            "body": response.body.decode(),
            "request_id": request_id,
        }
        self._account.store.put(body, kind="answer")

    def _claim_key(self, key: str) -> None:
        """Mark a key as in use. Raise `ApiError` if another call is using it."""
        with self._lock:
            if key in self._in_use:
                raise ApiError(
                    f"Another request is using the idempotency key '{key}' right now.",
                    status=409,
                    code="idempotency_key_in_use",
                )
            self._in_use.add(key)


def _storage_id(key: str) -> str:
    """Return the id under which the response to a call with this key is stored."""
    return f"answer:{key}"
