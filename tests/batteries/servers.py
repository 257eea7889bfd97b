"""Gunicorn servers and sync loops of one shop: started, killed, started anew, and ended."""

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

from tests.batteries.worker_process import Place

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds for a server to answer, on a machine that others use, too
SHOP = "tests.batteries.wsgi:application"
SERVE = ["-m", "gunicorn", SHOP, "--workers", "2", "--threads", "4", "--no-control-socket"]
SYNC = ["-m", "tests.batteries.wsgi"]


class Process:
    """A program with children of its own, which end with it."""

    def __init__(self, arguments: list[str], place: Place) -> None:
        surroundings = {"BATTERY_DATABASE": place.database, "BATTERY_STRIPE": place.stripe}
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **surroundings},
            start_new_session=True,
        )

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """Without a warning, all of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


class Server:
    """Always at the same address, whoever serves there."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = self._start()

    def _start(self) -> Process:
        address = ["--bind", f"127.0.0.1:{self.port}", "--log-level", "warning"]
        return Process([*SERVE, *address], self.place)

    def kill(self) -> None:
        self.process.kill()

    def start_again(self) -> None:
        self.process = self._start()

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.process.is_alive, "The server did not start."
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert time.monotonic() < deadline, "The server does not answer."
            time.sleep(0.1)


@contextmanager
def servers(number: int, place: Place) -> Iterator[list[Server]]:
    started = [Server(place) for _ in range(number)]
    try:
        for server in started:
            server.wait()
        yield started
    finally:
        for server in started:
            server.kill()


@contextmanager
def sync_loops(number: int, place: Place) -> Iterator[None]:
    started = [Process(SYNC, place) for _ in range(number)]
    try:
        yield
        assert all(process.is_alive for process in started)
    finally:
        for process in started:
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
