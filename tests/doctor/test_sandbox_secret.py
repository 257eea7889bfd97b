"""The secret with which a sandbox signs its webhooks, as the doctor shows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from django_stripe_cart import gateway
from django_stripe_cart.sandbox import Sandbox
from tests.doctor.command import URL, run_doctor

pytestmark = [pytest.mark.django_db, pytest.mark.stripe_sdk]


@pytest.fixture
def sandbox_url(healthy_site: Sandbox) -> Iterator[str]:
    with healthy_site.serve() as server:
        yield server.url


@pytest.fixture
def other_program() -> Iterator[str]:
    """The URL of a program that is no sandbox, but answers every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"result": 1}')

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_secret_of_the_sandbox_is_confirmed(healthy_site: Sandbox, sandbox_url: str) -> None:
    (endpoint,) = gateway.list_endpoints()
    secret = healthy_site.roll_secret(endpoint.id)

    output, is_healthy = run_doctor(
        STRIPE_CART_API_BASE=sandbox_url, STRIPE_CART_WEBHOOK_SECRET=secret, DEBUG=True
    )

    assert is_healthy
    assert f"ok     The sandbox signs webhooks to {URL} with your secret." in output


def test_another_secret_than_the_sandbox_has_is_reported(sandbox_url: str) -> None:
    output, is_healthy = run_doctor(
        STRIPE_CART_API_BASE=sandbox_url, STRIPE_CART_WEBHOOK_SECRET="whsec_mine", DEBUG=True
    )

    assert not is_healthy
    assert f"WRONG  The sandbox signs webhooks to {URL} with another secret" in output
    assert f"Next: python manage.py stripe_sandbox --webhook {URL} --secret whsec_…" in output
    assert "whsec_mine" not in output


def test_without_a_secret_that_is_not_said_twice(sandbox_url: str) -> None:
    output, _is_healthy = run_doctor(
        STRIPE_CART_API_BASE=sandbox_url, STRIPE_CART_WEBHOOK_SECRET=None, DEBUG=True
    )

    assert "Without a secret, every webhook is refused." in output
    assert "The sandbox signs" not in output


def test_stripe_itself_is_not_asked_for_a_signature(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor()

    assert is_healthy
    assert "The sandbox signs" not in output


def test_another_program_in_the_place_of_the_sandbox_is_not_mentioned(
    healthy_site: Sandbox, other_program: str
) -> None:
    for url in (other_program, "http://127.0.0.1:1", "http://127.0.0.1:none"):
        output, _is_healthy = run_doctor(STRIPE_CART_API_BASE=url, DEBUG=True)

        assert f"Stripe sends all needed events to {URL}" in output
        assert "The sandbox signs" not in output
        assert "could not be checked" not in output
