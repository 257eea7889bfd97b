"""`/_sandbox/…`: control a sandbox over HTTP, for tests that run in another process.

`POST /_sandbox/pay` with `{"session": "cs_test_…", "card": "4000000000000002"}` calls
`sandbox.pay(session=…, card=…)`. Every other action works in the same way. `GET /_sandbox/refunds`
returns `sandbox.refunds`. Every other query works in the same way.
"""

import dataclasses
import inspect
import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django_stripe_cart.sandbox.errors import ApiError, url_not_found
from django_stripe_cart.sandbox.http import Object, Request, Response, json_response

if TYPE_CHECKING:
    from django_stripe_cart.sandbox.sandbox import Sandbox

PREFIX = "/_sandbox/"
ACTIONS = (
    "add_coupon",
    "add_webhook_endpoint",
    "close_dispute",
    "close_review",
    "confirm_3ds",
    "deliver",
    "expire",
    "set_dispute_status",
    "set_refund_status",
    "open_dispute",
    "open_review",
    "pay",
    "pay_by_bank_debit",
    "refund",
    "resend",
    "reset",
    "roll_secret",
    "settle",
    "sign_for_endpoint",
    "warn_of_fraud",
)
QUERIES = (
    "charges",
    "disputes",
    "early_fraud_warnings",
    "events",
    "payment_intents",
    "pending_deliveries",
    "refunds",
    "requests",
    "reviews",
    "sessions",
)


class ControlApi:
    """An HTTP API for a sandbox: each path names a method to call, or a property to read."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._actions: dict[str, Callable[..., Any]] = {
            **{name: getattr(sandbox, name) for name in ACTIONS},
            "faults/add": sandbox.faults.add,
            "faults/clear": sandbox.faults.clear,
            "clock/advance": sandbox.clock.advance,
            "clock/freeze": sandbox.clock.freeze,
            "clock/reset": sandbox.clock.reset,
            "hold_deliveries": lambda hold=True: setattr(sandbox, "hold_deliveries", hold),
        }
        self._queries: dict[str, Callable[[], Any]] = {
            **{name: partial(getattr, sandbox, name) for name in QUERIES},
            "clock": lambda: {"now": sandbox.clock.now(), "wall": sandbox.clock.wall()},
            "faults": sandbox.faults.all,
        }

    def handle(self, request: Request) -> Response:
        """Return the result or the error of a request as a JSON response.

        The arguments must be sent as JSON. A form on another site cannot send JSON, and so it
        cannot control the sandbox.
        """
        try:
            return json_response({"result": _as_json_data(self._call_sandbox(request))})
        except ApiError as error:
            return json_response({"error": error.error}, status=error.status)
        except (TypeError, ValueError) as error:
            return json_response({"error": {"message": str(error)}}, status=400)

    def _call_sandbox(self, request: Request) -> Any:
        """Call the method or read the property that the path names. Return the result."""
        name = request.path.removeprefix(PREFIX)
        if request.method == "GET" and name in self._queries:
            return self._queries[name]()
        if request.method != "POST" or name not in self._actions:
            raise url_not_found(request.method, request.path)
        arguments = _read_arguments(request)
        inspect.signature(self._actions[name]).bind(**arguments)
        return self._actions[name](**arguments)


def _read_arguments(request: Request) -> Object:
    """Return the arguments in the body. Raise `ApiError` if they are not a JSON object."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise ApiError("Send the arguments as application/json.", status=415)
    arguments = json.loads(request.body or b"{}")
    if not isinstance(arguments, dict):
        raise ApiError("The arguments must be a JSON object.")
    return arguments


def _as_json_data(result: Any) -> Any:
    """Return a dataclass instance as a dict, and any other result unchanged."""
    return dataclasses.asdict(result) if dataclasses.is_dataclass(result) else result  # type: ignore[arg-type]
