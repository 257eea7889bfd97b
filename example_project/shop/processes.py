"""Servers that run beside each other, and end together."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

PATIENCE = 30  # seconds until a server has to answer
GRACE = 5  # seconds to end in good order


class ServerFailed(Exception):
    """A server did not start, or ended by itself."""


class Servers:
    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], *, url: str) -> None:
        """Start a server, and return when it answers."""
        # In a session of its own, so that Ctrl-C reaches only us, and we end the servers in order.
        self.running[name] = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # each would greet in its own way; errors and logs remain
            start_new_session=True,
        )
        deadline = time.monotonic() + PATIENCE
        while not answers(url):
            self.raise_if_ended()
            if time.monotonic() > deadline:
                raise ServerFailed(f"{name} does not answer at {url}.")
            time.sleep(0.1)

    def wait(self) -> None:
        while True:
            self.raise_if_ended()
            time.sleep(0.2)

    def raise_if_ended(self) -> None:
        for name, process in self.running.items():
            if (code := process.poll()) is not None:
                raise ServerFailed(f"{name} ended by itself, with exit code {code}.")

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def servers() -> Iterator[Servers]:
    """Yield a set of servers that is stopped in the end, whatever ends it."""
    together = Servers()
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = [signal.signal(number, interrupt) for number in signals]
    try:
        yield together
    finally:
        # A second Ctrl-C must not leave half of them running.
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        together.stop()
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def answers(url: str) -> bool:
    """Whether anything speaks HTTP there; a 404 is an answer too."""
    try:
        build_opener(ProxyHandler({})).open(url, timeout=5).close()
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
    return True
