"""HTTP as plain values: what comes in and what goes out, whatever carries it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# A Stripe object, a list of them, or any other JSON object: plain data, all the way.
Object = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One call, with its header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def read(
        cls, method: str, target: str, headers: Mapping[str, str], body: bytes | str | None
    ) -> "Request":
        """Take a call as a transport has it; `target` may be a path or a whole address."""
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
    """One answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Return the body as plain data."""
        return json.loads(self.body)


def json_response(data: Object, *, status: int = 200) -> Response:
    """Answer with JSON, laid out as Stripe lays it out."""
    body = json.dumps(data, indent=2, ensure_ascii=False).encode()
    return Response(status, {"Content-Type": "application/json"}, body)
