"""An HTTP client for Stripe's SDK, to call a sandbox in the same process without a socket.

This is the only module of the sandbox that imports `stripe`. The sandbox imports this module only
when `Sandbox.http_client` is called.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import stripe

from django_stripe_cart.sandbox.faults import ConnectionLost
from django_stripe_cart.sandbox.http import Response

Handle = Callable[[str, str, Mapping[str, str], Any], Response]


class SandboxClient(stripe.HTTPClient):
    """An HTTP client that passes the SDK's calls to a sandbox in the same process."""

    name = "sandbox"

    def __init__(self, handle: Handle) -> None:
        super().__init__()
        self._handle = handle

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Pass a call to the sandbox, and return the response's body, status and headers."""
        try:
            response = self._handle(method, url, headers or {}, post_data)
        except ConnectionLost as lost:
            _raise_connection_error(lost)
        return response.body.decode(), response.status, Headers(response.headers)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _sleep_time_seconds(self, *args: Any, **kwargs: Any) -> float:
        """Return zero, so that the SDK retries at once.

        The arguments of this method differ between versions of the SDK.
        """
        return 0.0


class Headers(dict[str, str]):
    """HTTP headers that ignore the case of names, as the SDK expects."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a header, or the default. The case of the name does not matter."""
        return super().get(name.lower(), default)


def _raise_connection_error(lost: ConnectionLost) -> NoReturn:
    """Raise the SDK's error for a connection that a fault broke."""
    # The SDK does not retry after a truncated body.
    raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
        f"The connection to the sandbox failed: {lost.kind}.",
        should_retry=lost.kind != "truncated",
    ) from lost
