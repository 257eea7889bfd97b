"""A signed-in shopper who asks the WSGI application itself, with no server in between."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIHandler

TOKEN = "t" * 32


class Visitor:
    def __init__(self, app: WSGIHandler, name: str) -> None:
        self.app = app
        self.user: Any = get_user_model().objects.create_user(name, f"{name}@example.com", None)
        session = SessionStore()
        session[SESSION_KEY] = str(self.user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = self.user.get_session_auth_hash()
        session.save()
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; csrftoken={TOKEN}"

    def get(self, path: str) -> tuple[int, bytes]:
        return ask(self.app, "GET", path, HTTP_COOKIE=self.cookie)

    def post(self, path: str, **data: Any) -> tuple[int, bytes]:
        body = urlencode(data).encode()
        return ask(self.app, "POST", path, body, HTTP_COOKIE=self.cookie, HTTP_X_CSRFTOKEN=TOKEN)


def ask(
    app: WSGIHandler,
    method: str,
    path: str,
    body: bytes = b"",
    content_type: str = "application/x-www-form-urlencoded",
    **headers: str,
) -> tuple[int, bytes]:
    """Return the status and the body of the answer."""
    url = urlsplit(path)
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": url.path,
        "QUERY_STRING": url.query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        **headers,
    }
    answer = app(environ, lambda status, headers, *_: statuses.append(status))
    content = b"".join(answer)
    answer.close()
    return int(statuses[0].split()[0]), content
