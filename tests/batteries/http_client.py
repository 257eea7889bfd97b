"""A shopper's window over real HTTP, with cookies and CSRF, before servers that come and go."""

from __future__ import annotations

import http.client
import itertools
import re
import time
from html import unescape
from urllib.parse import urlencode, urlsplit

from django.test import Client

PATIENCE = 60  # seconds until one of the servers answers


class Window:
    """Each request goes to the next of ``servers``, and to another one if nobody is there."""

    def __init__(self, client: Client, servers: list[str], first: int) -> None:
        self.servers = itertools.cycle(servers[first:] + servers[:first])
        self.cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        self.token = ""

    def look(self, path: str) -> str:
        status, _location, page = self._send("GET", path)
        assert status == 200, (path, status)
        field = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        self.token = field[1] if field else self.token
        return page

    def follow(self, url: str) -> None:
        """Go where Stripe sends the shopper, at whichever server is next."""
        status, _location, _page = self._send("GET", urlsplit(url).path)
        assert status in (200, 303), (url, status)

    def press(self, path: str, **form: str | int) -> str:
        """Send a form, and return where it leads."""
        body = urlencode({"csrfmiddlewaretoken": self.token, **form})
        status, location, page = self._send("POST", path, body)
        assert status == 303, (path, status, page[:300])
        return location

    def check_out(self) -> str:
        page = self.look("/shop/cart/")
        seen = re.search(r'name="fingerprint"[^>]*value="([^"]*)"', page)
        return self.press("/shop/checkout/", fingerprint=unescape(seen[1]) if seen else "")

    def _send(self, method: str, path: str, body: str = "") -> tuple[int, str, str]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                return self._ask(next(self.servers), method, path, body)
            except (OSError, http.client.HTTPException):  # killed, or not yet there again
                time.sleep(0.05)
        raise TimeoutError(path)

    def _ask(self, server: str, method: str, path: str, body: str) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=PATIENCE)
        try:
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
            if body:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            page = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location", ""), page
