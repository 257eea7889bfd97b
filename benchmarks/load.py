"""Two shops under load, in turn, on each database: ``tox -e bench-load``.

Each is served by gunicorn with two workers, from a database of its own, to this process. All that
is said are ratios, with the least and the most of all rounds: the machine may be busy with others.
The load is bounded, goes to 127.0.0.1 only and stops by itself. Databases that are not there are
left out.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import databases, page, stub
from benchmarks.compare import ROOT

ROUNDS = 5
PER_ROUND = 100  # as in served.py
CLIENTS = 4
MANY = 1_000_000
GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "benchmarks.served:application"),
    *("--workers=2", "--log-level=error"),
)
TICKS = os.sysconf("SC_CLK_TCK")

Request = list[Any]


@dataclass
class Server:
    """A candidate with a database of its own, and the requests that its visitors have left."""

    candidate: str
    url: str
    orders: int = 0
    threads: int = 1
    stripe: float = 0  # seconds until it answers
    rounds: int = ROUNDS + 1  # one warms up
    port: int = 0
    requests: dict[str, list[Request]] = field(default_factory=dict)
    process: Any = None

    def __enter__(self) -> Server:
        env = {
            **os.environ,
            "CANDIDATE": self.candidate,
            "BENCH_DATABASE": self.url,
            "PYTHONPATH": str(ROOT),
        }
        arguments = [str(self.rounds), str(self.orders)]
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "benchmarks.served", *arguments],
            env=env,
            check=True,
            stdout=subprocess.PIPE,
        )
        self.requests = json.loads(done.stdout)
        self.port = _free_port()
        self.process = subprocess.Popen(  # noqa: S603
            [*GUNICORN, f"--threads={self.threads}", f"--bind=127.0.0.1:{self.port}"],
            env={**env, "BENCH_STRIPE_SECONDS": str(self.stripe)},
        )
        self._wait()
        return self

    def __exit__(self, *error: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)

    def _wait(self) -> None:
        for _attempt in range(300):
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("gunicorn does not answer.")

    def take(self, operation: str, count: int) -> list[Request]:
        """So many requests that nobody has made yet."""
        left = self.requests[operation]
        self.requests[operation] = left[count:]
        return left[:count]

    def ask(self, request: Request) -> float:
        """Return the seconds until the answer was there."""
        method, path, headers, data = request
        body = urlencode(data).encode() if data else b""
        content_type = "application/x-www-form-urlencoded"
        if method == "WEBHOOK":
            body, signature = stub.completed(data, 3 * 1990)
            method, headers = "POST", {"Stripe-Signature": signature}
            content_type = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        began = time.perf_counter()
        connection.request(method, path, body, {"Content-Type": content_type, **headers})
        answer = connection.getresponse()
        answer.read()
        took = time.perf_counter() - began
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{self.candidate} {path}: {answer.status}")
        return took

    def cpu_seconds(self) -> float:
        """What its workers have used so far."""
        parent = self.process.pid
        workers = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        stats = [Path(f"/proc/{worker}/stat").read_text().split(") ")[1] for worker in workers]
        return sum(sum(map(int, stat.split()[11:13])) for stat in stats) / TICKS


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


# --- ours beside minimal ------------------------------------------------------------------------


def beside_minimal(name: str, url: str) -> Iterator[str]:
    """Yield a row for each operation: requests per second, and CPU of the workers for each."""
    with ExitStack() as stack:
        ours, minimal = (
            stack.enter_context(Server(candidate, stack.enter_context(databases.made(url))))
            for candidate in ("ours", "minimal")
        )
        for operation in ours.requests:
            for server in (ours, minimal):
                _serve(server, operation)
            pairs = [(_serve(ours, operation), _serve(minimal, operation)) for _ in range(ROUNDS)]
            rates = _spread([a[0] / b[0] for a, b in pairs])
            cpu = _spread([a[1] / b[1] for a, b in pairs])
            yield f"| {name} | {operation} | {rates} | {cpu} |"


def _serve(server: Server, operation: str) -> tuple[float, float]:
    """Return requests per second, and seconds of CPU, for one round."""
    requests = server.take(operation, PER_ROUND)
    cpu, began = server.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(server.ask, requests))
    return len(requests) / (time.perf_counter() - began), server.cpu_seconds() - cpu


# --- a webhook among many orders ----------------------------------------------------------------


def among_many(name: str, url: str) -> Iterator[str]:
    """Yield what a webhook takes among 1,000,000 orders, beside one among 1,000."""
    with ExitStack() as stack:
        few, many = (
            stack.enter_context(
                Server("ours", stack.enter_context(databases.made(url)), orders=orders)
            )
            for orders in (1000, MANY)
        )
        times = [[_webhooks(server) for server in (many, few)] for _round in range(ROUNDS + 1)]
        yield f"| {name} | {_spread([a / b for a, b in times[1:]])} |"


def _webhooks(server: Server) -> float:
    """Return the seconds of one that is neither fast nor slow, one after the other."""
    requests = server.take("webhook paid, 3 lines", PER_ROUND)
    return statistics.median(server.ask(request) for request in requests)


# --- while Stripe thinks ------------------------------------------------------------------------


def while_stripe_thinks(name: str, url: str) -> Iterator[str]:
    """Yield what others feel who add to their carts while there are checkouts.

    The same number of them with a Stripe that answers at once shows what is the processor's part.
    """
    with ExitStack() as stack:
        quick, slow = (
            stack.enter_context(
                Server("ours", stack.enter_context(databases.made(url)), threads=8, stripe=seconds)
            )
            for seconds in (0, 0.3)
        )
        times = [[_felt(quick), _felt(slow)] for _round in range(ROUNDS)]
        ratios = [_spread([each[n][0] for each in times]) for n in (0, 1)]
        slowest = max(each[1][1] for each in times) * 1000
        took = _all_at_once(slow, 2 * 8)
        yield f"| {name} | {' | '.join(ratios)} | {slowest:.0f} ms | {took:.2f} s |"


def _felt(server: Server) -> tuple[float, float]:
    """Return how adding with checkouts is to adding without, and the slowest, in seconds."""
    alone = _add(server)
    is_over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        checkouts = pool.submit(_check_out, server, is_over)
        time.sleep(1)  # until as many are in flight as ever
        times = _add(server)
        is_over.set()
        checkouts.result()
    return statistics.median(times) / statistics.median(alone), max(times)


def _add(server: Server) -> list[float]:
    return [server.ask(request) for request in server.take("add to cart, same line", 50)]


def _check_out(server: Server, is_over: threading.Event) -> None:
    """Ten a second, however long they take."""
    with ThreadPoolExecutor(16) as shoppers:
        begun = []
        while not is_over.wait(0.1):
            begun.append(shoppers.submit(server.ask, *server.take("begin checkout, 3 lines", 1)))
        for each in begun:
            each.result()


def _all_at_once(server: Server, count: int) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(count) as shoppers:
        list(shoppers.map(server.ask, server.take("begin checkout, 3 lines", count)))
    return time.perf_counter() - began


# --- the page -----------------------------------------------------------------------------------


def sections() -> Iterator[str]:
    found = dict(databases.found())
    yield "Ours to minimal, two workers, four clients; the middle of five rounds (least to most):\n"
    yield "| database | operation | requests per second | CPU for each |"
    yield "| --- | --- | ---: | ---: |"
    for name, url in found.items():
        yield from beside_minimal(name, url)
    yield f"\nA webhook among {MANY:,} orders to one among 1,000, in time:\n"
    yield "| database | ratio |"
    yield "| --- | ---: |"
    for name, url in found.items():
        yield from among_many(name, url)
    yield "\nAdding to the cart while there are ten checkouts a second, to adding while there are"
    yield "none, two workers of eight threads; and 16 checkouts at once, if Stripe takes 300 ms:\n"
    yield "| database | Stripe answers at once | in 300 ms | the slowest then | 16 checkouts |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, url in found.items():
        yield from while_stripe_thinks(name, url)


def main() -> None:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = folder
        for line in sections():
            print(line, flush=True)  # noqa: T201
            lines.append(line)
    page.keep("load", lines)


if __name__ == "__main__":
    main()
