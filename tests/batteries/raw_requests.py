"""Raw HTTP requests of a hostile client, passed to the WSGI application without corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory

APPLICATION = WSGIHandler()


@dataclass(frozen=True)
class RawRequest:
    method: str = "GET"
    path: bytes = b"/"
    query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: str | None = None  # the Content-Length, if it differs from the body


@dataclass(frozen=True)
class RawResponse:
    status: int
    headers: str
    body: bytes

    @property
    def text(self) -> str:
        return f"{self.headers}\n{self.body.decode(errors='replace')}"


class RawClient:
    """A client with the cookies of ``user`` and a CSRF token."""

    def __init__(self, user: Any = None) -> None:
        client = Client()
        if user is not None:
            client.force_login(user)
        self.token = get_token(RequestFactory().get("/"))
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        self.cookies = {**cookies, "csrftoken": self.token}

    def send(self, request: RawRequest, *, with_token: bool = True) -> RawResponse:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if with_token:
            headers["X-CSRFToken"] = self.token
        return send(request, headers)


def send(request: RawRequest, headers: Mapping[str, str] | None = None) -> RawResponse:
    started: list[Any] = []
    request_started.disconnect(close_old_connections)
    response = APPLICATION(
        _environ(request, {**(headers or {}), **request.headers}),
        lambda status, sent, *rest: started.extend([status, sent]),
    )
    request_started.connect(close_old_connections)
    body = b"".join(response)
    # As in Django's test client: the test keeps its database connection.
    request_finished.disconnect(close_old_connections)
    response.close()
    request_finished.connect(close_old_connections)
    lines = "\n".join(f"{name}: {value}" for name, value in started[1])
    return RawResponse(int(started[0].split()[0]), lines, body)


def _environ(request: RawRequest, headers: Mapping[str, str]) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.decode("latin-1"),
        "QUERY_STRING": request.query.decode("latin-1"),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(request.body)) if request.length is None else request.length,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ
