"""Apply a fault to an API call: before, during or after the call."""

import time
from collections.abc import Callable

from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.faults import (
    ERROR_RESPONSES,
    LOST_AFTER,
    LOST_BEFORE,
    STORED_ERRORS,
    ConnectionLost,
    Fault,
)
from django_stripe_cart.sandbox.http import Response


def raise_error(fault: Fault | None) -> None:
    """Raise an error if a fault makes an API call fail before the call starts."""
    if fault is None:
        return
    if fault.kind in LOST_BEFORE:
        raise ConnectionLost(fault.kind.partition("_")[0])
    if fault.kind in ERROR_RESPONSES:
        status, message, code = ERROR_RESPONSES[fault.kind]
        type = "api_error" if status >= 500 else "invalid_request_error"
        raise ApiError(message, status=status, type=type, code=code)


def run_call(fault: Fault | None, run: Callable[[], Response]) -> Response:
    """Run an API call, and return the response.

    A fault can delay the call, raise a server error instead of the call, or raise a server error
    after the call.
    """
    if fault is not None and fault.kind == "slow":
        time.sleep(fault.seconds)
    if fault is None or fault.kind not in STORED_ERRORS:
        return run()
    if fault.kind == "stored_server_error_after":
        run()
    raise ApiError("An unknown error occurred.", status=500, type="api_error")


def alter_response(fault: Fault | None, response: Response) -> Response:
    """Return the response to an API call. A fault can alter the response.

    Raise `ConnectionLost` if the fault loses the response.
    """
    if fault is None:
        return response
    if fault.should_retry is not None:
        response.headers["Stripe-Should-Retry"] = str(fault.should_retry).lower()
    if fault.kind in LOST_AFTER:
        raise ConnectionLost(fault.kind.partition("_")[0], response)
    if fault.kind == "malformed":
        page = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"
        return Response(response.status, {**response.headers, "Content-Type": "text/html"}, page)
    return response
