"""Run the Stripe sandbox on a local port."""

import json
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.server import SandboxServer


class Command(BaseCommand):
    """The command that runs the Stripe sandbox.

    For example: ``stripe_sandbox --webhook http://127.0.0.1:8000/stripe/webhook/``.
    """

    help = "Run the Stripe sandbox on this machine: API, payment page and webhooks."
    # The sandbox does not depend on the project's settings.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options of the command."""
        parser.add_argument("--port", type=int, default=8001, help="Port to listen on (8001).")
        parser.add_argument("--name", default="", help="Name of the shop on the payment page.")
        parser.add_argument("--data", metavar="FILE", help="SQLite file that survives restarts.")
        parser.add_argument("--webhook", metavar="URL", help="URL of your project's webhook.")
        parser.add_argument("--secret", metavar="whsec_…", help="Signing secret of the webhook.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the sandbox until the process is stopped."""
        if not settings.DEBUG:
            raise CommandError("The sandbox is for development: it needs DEBUG = True.")
        if options["secret"] and not options["webhook"]:
            raise CommandError("--secret requires --webhook.")
        sandbox = Sandbox(data=options["data"], name=options["name"])
        try:
            self._run(sandbox, options)
        finally:
            sandbox.close()

    def _run(self, sandbox: Sandbox, options: dict[str, Any]) -> None:
        """Serve the sandbox until the process is asked to stop."""
        with _stop_signals() as stop, self._serve(sandbox, options["port"]) as server:
            self._connect_and_print_settings(sandbox, server.url, options)
            stop.wait()
        self.stdout.write("Stopped.")

    def _serve(self, sandbox: Sandbox, port: int) -> SandboxServer:
        """Start the sandbox's server on the port. Raises ``CommandError``."""
        try:
            return sandbox.serve(port=port)
        except OSError as error:
            message = f"The sandbox cannot listen on port {port}: {error}"
            raise CommandError(message) from error

    def _connect_and_print_settings(
        self, sandbox: Sandbox, url: str, options: dict[str, Any]
    ) -> None:
        """Add the project's webhook endpoint, and print the settings for the sandbox."""
        self.stdout.write(f"The Stripe sandbox runs at {url}")
        self.stdout.write(f'  STRIPE_CART_API_BASE = "{url}", with any key that starts sk_test_')
        if options["webhook"]:
            _delete_endpoints_on_other_ports(sandbox, options["webhook"])
            endpoint = sandbox.add_webhook_endpoint(options["webhook"], options["secret"])
            self.stdout.write(f"  Webhooks go to {endpoint['url']}")
            if not options["secret"]:
                self.stdout.write(f'  STRIPE_CART_WEBHOOK_SECRET = "{endpoint["secret"]}"')
        self.stdout.write("  Quit with Ctrl-C.")
        self.stdout.flush()


def _delete_endpoints_on_other_ports(sandbox: Sandbox, url: str) -> None:
    """Delete the sandbox's webhook endpoints that differ from ``url`` only by the port.

    They are from earlier runs. Another program may listen on their port now.
    """
    own = urlsplit(url)
    key = {"Authorization": "Bearer sk_test_sandbox"}
    listed = sandbox.handle("GET", "/v1/webhook_endpoints?limit=100", key, b"")
    for endpoint in json.loads(listed.body)["data"]:
        other = urlsplit(endpoint["url"])
        if (other.hostname, other.path) == (own.hostname, own.path) and other.port != own.port:
            sandbox.handle("DELETE", f"/v1/webhook_endpoints/{endpoint['id']}", key, b"")


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Yield an event that is set when the process receives SIGINT or SIGTERM."""
    stop = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
