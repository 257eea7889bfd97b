"""Handle an API call: authenticate, look up the idempotency key, validate and respond."""

from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from django_stripe_cart.sandbox import api_versions, fault_effects
from django_stripe_cart.sandbox.account import Account, current_request
from django_stripe_cart.sandbox.api.routes import Endpoint, find_endpoint
from django_stripe_cart.sandbox.api_keys import authenticate
from django_stripe_cart.sandbox.errors import ApiError, url_not_found
from django_stripe_cart.sandbox.expansion import expand
from django_stripe_cart.sandbox.faults import ConnectionLost, Fault, Faults
from django_stripe_cart.sandbox.form_encoding import decode
from django_stripe_cart.sandbox.http import Object, Request, Response, json_response
from django_stripe_cart.sandbox.idempotency import IdempotencyKeys
from django_stripe_cart.sandbox.ids import new_id

MAX_LOGGED_CALLS = 10_000


@dataclass
class Call:
    """An API call: its request, id, version and parameters, and the fault that applies to it."""

    request: Request
    fault: Fault | None
    id: str = field(default_factory=lambda: new_id("req", 14))
    version: str = api_versions.NEWEST
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str | None:
        """Return the call's idempotency key, or None. Requests other than POST have no key."""
        is_post = self.request.method == "POST"
        return self.request.headers.get("idempotency-key") if is_post else None


class ApiHandler:
    """The handler of every API call under `/v1/`."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self._account, self._faults = account, faults
        self.log: deque[Object] = deque(maxlen=MAX_LOGGED_CALLS)
        self._keys = IdempotencyKeys(account)

    def handle(self, request: Request) -> Response:
        """Log an API call, and return its response.

        Raise `ConnectionLost` if a fault breaks the connection.
        """
        call = Call(request, self._faults.take(f"{request.method} {request.path}"))
        entry: Object = {
            "method": request.method,
            "path": request.path,
            "params": {},
            "idempotency_key": request.headers.get("idempotency-key"),
            "stripe_version": request.headers.get("stripe-version"),
            "status": None,  # stays None if the response is lost
            "fault": call.fault.kind if call.fault else None,
        }
        self.log.append(entry)
        token = current_request.set({"id": call.id, "idempotency_key": call.key})
        try:
            response = self._respond(call)
            entry["status"] = response.status
            return fault_effects.alter_response(call.fault, response)
        except ConnectionLost:
            entry["status"] = None
            raise
        finally:
            entry.update(params=call.params, request_id=call.id)
            current_request.reset(token)

    def _respond(self, call: Call) -> Response:
        """Return the result or the error of a call as a response with Stripe's headers."""
        try:
            call.params = _raw_parameters(call.request)
            fault_effects.raise_error(call.fault)
            response = self._authenticate_and_run(call)
        except ApiError as error:
            response = self._error_response(error, call)
        response.headers["Date"] = formatdate(self._account.clock.now(), usegmt=True)
        response.headers["Request-Id"] = call.id
        response.headers["Stripe-Version"] = call.version
        if response.status == 500:
            # A retry would change nothing: the response is stored under the idempotency key.
            response.headers["Stripe-Should-Retry"] = "false"
        if call.key:
            response.headers["Idempotency-Key"] = call.key
        return response

    def _authenticate_and_run(self, call: Call) -> Response:
        """Check the API key, run the endpoint, and return the response.

        If a response is stored under the idempotency key, return it instead of running the
        endpoint.
        """
        request = call.request
        authenticate(request.headers.get("authorization", ""))
        version = request.headers.get("stripe-version", self._account.api_version)
        call.version = api_versions.check_version(version)
        found = find_endpoint(request.method, request.path)
        if found is None:
            raise url_not_found(request.method, request.path)
        endpoint, ids = found
        with self._keys.lock(call.key):
            kept = self._keys.replay(call.key, request, call.params)
            if kept is not None:
                return kept
            # Errors up to here are not stored under the idempotency key; later ones are.
            params = endpoint.read_parameters(call.params, call.version)
            response = self._run_endpoint(call, endpoint, ids, params)
            self._keys.store(call.key, request, call.params, response, call.id)
        return response

    def _run_endpoint(
        self, call: Call, endpoint: Endpoint, ids: dict[str, str], params: Object
    ) -> Response:
        """Run an endpoint in a transaction, and return the result or the error as a response."""

        def run() -> Response:
            with self._account.change():
                result = endpoint.call(self._account, ids, params)
                shown = expand(self._account, result, params.get("expand", []))
            return json_response(api_versions.convert(shown, call.version))

        try:
            return fault_effects.run_call(call.fault, run)
        except ApiError as error:
            return self._error_response(error, call)

    def _error_response(self, error: ApiError, call: Call) -> Response:
        """Return the response that reports an API error to the client."""
        log = f"{self._account.base_url}/#{call.id}"
        body = {"error": {**error.error, "request_log_url": log}}
        return json_response(body, status=error.status)


def _raw_parameters(request: Request) -> dict[str, Any]:
    """Decode the parameters of a request, and return them as nested dicts.

    A POST request has its parameters in the body. Any other request has them in the query.
    """
    if request.method != "POST":
        return decode(request.query)
    try:
        return decode(request.body.decode())
    except UnicodeDecodeError as error:
        raise ApiError("Invalid request body: it is not UTF-8.") from error
