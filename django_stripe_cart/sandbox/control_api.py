"""`/_sandbox/…`: control a sandbox over HTTP, for tests that run in another process.

`POST /_sandbox/pay` with `{"session": "cs_test_…", "card": "4000000000000002"}` calls
`sandbox.pay(session=…, card=…)`, and likewise for every other action. `GET /_sandbox/refunds`
returns `sandbox.refunds`, and likewise for every other query.
"""

import dataclasses
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from django_stripe_cart.sandbox.errors import ApiError, url_not_found
from django_stripe_cart.sandbox.http import Object, Request, Response, json_response

PREFIX = "/_sandbox/"

Action = Callable[..., Any]
Query = Callable[[], Any]


class ControlApi:
    """Calls an action or a query by its name in the path."""

    def __init__(self, *, actions: Mapping[str, Action], queries: Mapping[str, Query]) -> None:
        self._actions, self._queries = actions, queries

    def handle(self, request: Request) -> Response:
        """Answer one call. The arguments are JSON, which no form on another site can send."""
        try:
            return json_response({"result": _plain(self._call(request))})
        except ApiError as error:
            return json_response({"error": error.error}, status=error.status)
        except (TypeError, ValueError) as error:
            return json_response({"error": {"message": str(error)}}, status=400)

    def _call(self, request: Request) -> Any:
        name = request.path.removeprefix(PREFIX)
        if request.method == "GET" and name in self._queries:
            return self._queries[name]()
        if request.method != "POST" or name not in self._actions:
            raise url_not_found(request.method, request.path)
        arguments = _arguments(request)
        inspect.signature(self._actions[name]).bind(**arguments)
        return self._actions[name](**arguments)


def _arguments(request: Request) -> Object:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise ApiError("Send the arguments as application/json.", status=415)
    arguments = json.loads(request.body or b"{}")
    if not isinstance(arguments, dict):
        raise ApiError("The arguments must be a JSON object.")
    return arguments


def _plain(result: Any) -> Any:
    """Return a result as JSON can hold it."""
    return dataclasses.asdict(result) if dataclasses.is_dataclass(result) else result  # type: ignore[arg-type]
