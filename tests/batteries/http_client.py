"""An HTTP client of a shopper, with cookies and CSRF tokens, for servers that may be killed."""

from __future__ import annotations

import http.client
import itertools
import re
import time
from html import unescape
from urllib.parse import urlencode, urlsplit

from django.test import Client

TIMEOUT = 60  # seconds until one of the servers answers


class ShopClient:
    """Sends each request to the next of ``servers``, and retries it at another one."""

    def __init__(self, client: Client, servers: list[str], first: int) -> None:
        self.servers = itertools.cycle(servers[first:] + servers[:first])
        self.cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        self.token = ""

    def get(self, path: str) -> str:
        status, _location, page = self._send("GET", path)
        assert status == 200, (path, status)
        field = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        self.token = field[1] if field else self.token
        return page

    def follow(self, url: str) -> None:
        """Request the path of a URL that Stripe redirects to."""
        status, _location, _page = self._send("GET", urlsplit(url).path)
        assert status in (200, 303), (url, status)

    def post(self, path: str, **form: str | int) -> str:
        """Post a form, and return the URL it redirects to."""
        body = urlencode({"csrfmiddlewaretoken": self.token, **form})
        status, location, page = self._send("POST", path, body)
        assert status == 303, (path, status, page[:300])
        return location

    def check_out(self) -> str:
        page = self.get("/shop/cart/")
        fingerprint = re.search(r'name="fingerprint"[^>]*value="([^"]*)"', page)
        return self.post(
            "/shop/checkout/", fingerprint=unescape(fingerprint[1]) if fingerprint else ""
        )

    def _send(self, method: str, path: str, body: str = "") -> tuple[int, str, str]:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            try:
                return self._request(next(self.servers), method, path, body)
            except (OSError, http.client.HTTPException):  # killed, or not restarted yet
                time.sleep(0.05)
        raise TimeoutError(path)

    def _request(self, server: str, method: str, path: str, body: str) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=TIMEOUT)
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
