"""An HTTP server for the sandbox, on a port of this machine."""

import ipaddress
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from django_stripe_cart.sandbox.faults import ConnectionLost
from django_stripe_cart.sandbox.http import Response

MAX_BODY = 8 * 1024 * 1024
Handle = Callable[[str, str, dict[str, str], bytes], Response]


class SandboxServer:
    """A running HTTP server of a sandbox.

    Use it as a context manager, or call `close` to stop it.
    """

    def __init__(self, handle: Handle, *, host: str, port: int) -> None:
        require_loopback(host)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        handler = type("Handler", (_Handler,), {"sandbox": staticmethod(handle)})
        server_class = type("Server", (_Server,), {"address_family": family})
        self._server: _Server = server_class((host, port), handler)
        shown = f"[{host}]" if ":" in host else host
        self.port: int = self._server.server_address[1]
        self.url = f"http://{shown}:{self.port}"
        self._on_close: list[Callable[[], None]] = []
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="stripe-sandbox",
            daemon=True,
        )
        self._thread.start()

    def on_close(self, callback: Callable[[], None]) -> None:
        """Register a function that is called when the server stops."""
        self._on_close.append(callback)

    def close(self) -> None:
        """Stop the server, and close its connections."""
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()
        self._thread.join()
        while self._on_close:
            self._on_close.pop()()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def require_loopback(host: str) -> None:
    """Raise `ValueError` if the host is not a loopback address, such as 127.0.0.1."""
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(
            f"The sandbox answers this machine only: use 127.0.0.1, ::1 or localhost, not {host!r}."
        )


class _Server(ThreadingHTTPServer):
    """A threaded HTTP server that can close all its open connections."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a request in a thread, and record its connection as open."""
        self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        """Close a connection, and remove it from the open connections."""
        self._open.discard(request)
        super().close_request(request)

    def close_connections(self) -> None:
        """Close all connections that clients still keep open."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do nothing, so that no traceback is printed when a client closes the connection."""


class _Handler(BaseHTTPRequestHandler):
    """The handler of HTTP requests, which passes each request to a sandbox."""

    sandbox: Handle
    protocol_version = "HTTP/1.1"
    server_version = "stripe-sandbox"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        """Answer a request of any HTTP method."""
        self._answer_request()

    do_POST = do_DELETE = do_HEAD = do_PUT = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing, because the sandbox has a request log of its own."""

    def _answer_request(self) -> None:
        """Answer a request with the sandbox's response.

        If a fault breaks the connection, simulate the lost connection instead.
        """
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._write_response(
                Response(413, {"Content-Type": "text/plain"}, b"The body is too large.")
            )
            return
        body = self.rfile.read(int(length))
        try:
            response = self.sandbox(self.command, self.path, dict(self.headers.items()), body)
        except ConnectionLost as lost:
            self._simulate_lost_connection(lost)
            return
        self._write_response(response)

    def _write_response(self, response: Response, *, only: int | None = None) -> None:
        """Send a response.

        If `only` is a number, send only that many bytes of the body. By default, send the whole
        body.
        """
        self.send_response_only(response.status)
        for name, value in {"Date": self.date_time_string(), **response.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[:only])

    def _simulate_lost_connection(self, lost: ConnectionLost) -> None:
        """Simulate the lost connection that a fault requests.

        Send half of the response, reset the connection, or send nothing.
        """
        self.close_connection = True
        if lost.kind == "truncated" and lost.response is not None:
            self._write_response(lost.response, only=len(lost.response.body) // 2)
        elif lost.kind == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            # Closed here, because the server would shut it down gracefully (FIN, not RST).
            socket.socket(fileno=self.connection.detach()).close()
        else:
            # Send nothing until the client closes the connection.
            self.connection.recv(1)
