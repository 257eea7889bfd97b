"""HTTP requests and responses, independent of the transport."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# A JSON object: a Stripe object, a list of them, or any other.
Object = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """An HTTP request, with header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def read(
        cls, method: str, target: str, headers: Mapping[str, str], body: bytes | str | None
    ) -> "Request":
        """Return the request with these parts; `target` is a path or a URL."""
        parts = urlsplit(target)
        return cls(
            method=method.upper(),
            path=parts.path or "/",
            query=parts.query,
            headers={name.lower(): value for name, value in headers.items()},
            body=body.encode() if isinstance(body, str) else body or b"",
        )


@dataclass
class Response:
    """An HTTP response."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Return the body, decoded from JSON."""
        return json.loads(self.body)


def json_response(data: Object, *, status: int = 200) -> Response:
    """Return a JSON response with Stripe's indentation."""
    body = json.dumps(data, indent=2, ensure_ascii=False).encode()
    return Response(status, {"Content-Type": "application/json"}, body)
