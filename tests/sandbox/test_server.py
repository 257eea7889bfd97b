import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from django_stripe_cart.sandbox import Sandbox

pytestmark = pytest.mark.stripe_sdk

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com", ""])
def test_the_sandbox_listens_to_this_machine_only(sandbox: Sandbox, host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        sandbox.serve(host=host)


def test_a_huge_body_is_refused_unread(sandbox: Sandbox) -> None:
    with sandbox.serve() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.putrequest("POST", "/v1/checkout/sessions")
        connection.putheader("Content-Length", str(10**9))
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()

    assert status == 413


def test_the_pages_live_where_the_server_is(sandbox: Sandbox) -> None:
    with sandbox.serve() as server:
        assert sandbox.base_url == server.url

    fixed = Sandbox(base_url="http://127.0.0.1:8001/")
    with fixed.serve():
        assert fixed.base_url == "http://127.0.0.1:8001"


def test_the_command_needs_debug(settings) -> None:
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG"):
        call_command("stripe_sandbox", port=0)


def test_the_command_says_when_the_port_is_taken(sandbox: Sandbox, settings) -> None:
    settings.DEBUG = True

    with sandbox.serve() as server, pytest.raises(CommandError, match="cannot listen"):
        call_command("stripe_sandbox", port=server.port)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_runs_until_it_is_stopped(tmp_path: Path, stop: signal.Signals) -> None:
    command = "import django; django.setup(); from django.core.management import call_command as c;"
    command += f" c('stripe_sandbox', port=0, data={str(tmp_path / 'data')!r},"
    command += " webhook='http://127.0.0.1:9/hook/')"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.send_signal(stop)
        rest, _ = process.communicate(timeout=10)
    finally:
        process.kill()

    assert "http://127.0.0.1:" in lines[0]
    assert "whsec_" in lines[3]
    assert (process.returncode, rest.strip()) == (0, "Stopped.")


def test_a_closed_server_refuses_connections(sandbox: Sandbox) -> None:
    server = sandbox.serve()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", "/")
    connection.getresponse().read()

    server.close()

    def ask() -> None:
        connection.request("GET", "/")
        connection.getresponse()

    with pytest.raises((http.client.HTTPException, OSError)):
        ask()
    connection.close()
