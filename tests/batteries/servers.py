"""Gunicorn servers and sync loops of one shop, which can be killed and restarted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.batteries.worker_process import Services

ROOT = Path(__file__).parents[2]
TIMEOUT = 60  # seconds for a server to answer, on a busy machine
APPLICATION = "tests.batteries.wsgi:application"
SERVE = ["-m", "gunicorn", APPLICATION, "--workers", "2", "--threads", "4", "--no-control-socket"]
SYNC = ["-m", "tests.batteries.sync_loop"]


class Process:
    """A Python program, killed together with its child processes."""

    def __init__(self, arguments: list[str], services: Services) -> None:
        environment = {"BATTERY_DATABASE": services.database, "BATTERY_STRIPE": services.stripe}
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            start_new_session=True,
        )

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """Kill the whole process group with SIGKILL."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(TIMEOUT)


class Server:
    """A gunicorn server that keeps its port when it is restarted."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = self._start()

    def _start(self) -> Process:
        address = ["--bind", f"127.0.0.1:{self.port}", "--log-level", "warning"]
        return Process([*SERVE, *address], self.services)

    def kill(self) -> None:
        self.process.kill()

    def restart(self) -> None:
        self.process = self._start()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + TIMEOUT
        while True:
            assert self.process.is_alive, "The server did not start."
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert time.monotonic() < deadline, "The server does not answer."
            time.sleep(0.1)


@contextmanager
def running_servers(number: int, services: Services) -> Iterator[list[Server]]:
    servers = [Server(services) for _ in range(number)]
    try:
        for server in servers:
            server.wait_until_ready()
        yield servers
    finally:
        for server in servers:
            server.kill()


@contextmanager
def running_sync_loops(number: int, services: Services) -> Iterator[None]:
    loops = [Process(SYNC, services) for _ in range(number)]
    try:
        yield
        assert all(process.is_alive for process in loops)
    finally:
        for process in loops:
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
