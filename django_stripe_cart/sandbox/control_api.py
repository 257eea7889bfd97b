"""`/_sandbox/…`: the levers over HTTP, for tests that run in another process.

`POST /_sandbox/pay` with `{"session": "cs_test_…", "card": "4000000000000002"}` calls
`sandbox.pay(session=…, card=…)`; every name in `VERBS` works alike. `GET` reads what there is.
"""

import dataclasses
import inspect
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django_stripe_cart.sandbox.errors import ApiError, url_not_found
from django_stripe_cart.sandbox.http import Object, Request, Response, json_response

if TYPE_CHECKING:
    from django_stripe_cart.sandbox.sandbox import Sandbox

PREFIX = "/_sandbox/"
VERBS = (
    "add_coupon",
    "add_webhook_endpoint",
    "close_dispute",
    "confirm_3ds",
    "deliver",
    "expire",
    "move_dispute",
    "move_refund",
    "open_dispute",
    "pay",
    "pay_by_bank_debit",
    "refund",
    "resend",
    "reset",
    "roll_secret",
    "settle",
)
LISTS = (
    "charges",
    "disputes",
    "events",
    "payment_intents",
    "pending_deliveries",
    "refunds",
    "requests",
    "sessions",
)


class Control:
    """Calls the sandbox's own methods by name."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._verbs: dict[str, Callable[..., Any]] = {
            **{name: getattr(sandbox, name) for name in VERBS},
            "faults/add": lambda **fault: sandbox.faults.add(**fault).describe(),
            "faults/clear": sandbox.faults.clear,
            "clock/advance": sandbox.clock.advance,
            "clock/freeze": sandbox.clock.freeze,
            "clock/reset": sandbox.clock.reset,
            "hold_deliveries": self._hold_deliveries,
        }

    def answer(self, request: Request) -> Response:
        """Answer one call. The arguments are JSON, which no form on another site can send."""
        try:
            return json_response({"result": _plain(self._call(request))})
        except ApiError as error:
            return json_response({"error": error.error}, status=error.status)
        except (TypeError, ValueError) as error:
            return json_response({"error": {"message": str(error)}}, status=400)

    def _call(self, request: Request) -> Any:
        name = request.path.removeprefix(PREFIX)
        if request.method == "GET":
            return self._read(name)
        if request.method != "POST" or name not in self._verbs:
            raise url_not_found(request.method, request.path)
        arguments = _arguments(request)
        inspect.signature(self._verbs[name]).bind(**arguments)
        return self._verbs[name](**arguments)

    def _read(self, name: str) -> Any:
        if name == "clock":
            return {"now": self._sandbox.clock.now(), "wall": self._sandbox.clock.wall()}
        if name == "faults":
            return self._sandbox.faults.all()
        if name not in LISTS:
            raise url_not_found("GET", PREFIX + name)
        return getattr(self._sandbox, name)

    def _hold_deliveries(self, hold: bool = True) -> None:
        self._sandbox.hold_deliveries = hold


def _arguments(request: Request) -> Object:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise ApiError("Send the arguments as application/json.", status=415)
    arguments = json.loads(request.body or b"{}")
    if not isinstance(arguments, dict):
        raise ApiError("The arguments must be a JSON object.")
    return arguments


def _plain(result: Any) -> Any:
    return dataclasses.asdict(result) if dataclasses.is_dataclass(result) else result  # type: ignore[arg-type]
