"""API errors in Stripe's format."""

from typing import Any

from django_stripe_cart.sandbox.http import Object


class ApiError(Exception):
    """An error that the API returns as JSON."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {"type": type, "code": code, "message": message, "param": param, **details}
        self.error: Object = {key: value for key, value in error.items() if value is not None}


def parameter_missing(param: str) -> ApiError:
    """Return the error for a required parameter that is missing."""
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def parameter_unknown(params: list[str]) -> ApiError:
    """Return the error for parameters that the endpoint does not have."""
    kind = "parameter" if len(params) == 1 else "parameters"
    return ApiError(
        f"Received unknown {kind}: {', '.join(params)}", code="parameter_unknown", param=params[0]
    )


def invalid_integer(message: str, param: str) -> ApiError:
    """Return the error for a parameter that is not a valid integer."""
    return ApiError(message, code="parameter_invalid_integer", param=param)


def resource_missing(kind: str, id: str, *, param: str = "id", status: int = 404) -> ApiError:
    """Return the error for an object that does not exist."""
    return ApiError(f"No such {kind}: '{id}'", status=status, code="resource_missing", param=param)


def url_not_found(method: str, path: str) -> ApiError:
    """Return the error for a path that the API does not have."""
    return ApiError(f"Unrecognized request URL ({method}: {path}).", status=404)


def idempotency_error(message: str) -> ApiError:
    """Return the error for an idempotency key that was used for another request."""
    return ApiError(message, type="idempotency_error")
