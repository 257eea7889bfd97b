"""Real processes, each with a connection of its own: many at once, or one that is to die."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.batteries import worker_process
from tests.batteries.worker_process import Place

PATIENCE = 600  # seconds for all jobs of one call, on a machine that others use, too

# Forked from a server that has imported the host and done nothing else.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pytest", "tests.batteries.worker_process"])

Job = tuple[Any, ...]


class WorkerFailed(AssertionError):
    """What a process raised, with its traceback."""


@dataclass
class Ended:
    """How a process that might die ended: by ``signal``, or with ``result``."""

    signal: int = 0
    result: Any = None
    said: list[Any] = field(default_factory=list)


class Worker:
    def __init__(self, place: Place) -> None:
        self.pipe, other = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=worker_process.work, args=(other, place), daemon=True)
        self.process.start()
        other.close()

    def send(self, *message: Any) -> None:
        self.pipe.send(message)

    def receive(self, deadline: float) -> tuple[str, Any]:
        """Return what the process says next. Raises ``EOFError`` if it died."""
        if not self.pipe.poll(max(deadline - time.monotonic(), 0)):
            raise TimeoutError(f"Process {self.process.pid} does not answer.")
        kind, said = self.pipe.recv()
        if kind == "failed":
            raise WorkerFailed(said)
        return kind, said

    def close(self) -> int:
        """End the process if it has not ended, and return its exit code."""
        with suppress(OSError):  # it may be dead
            self.pipe.send(None)
        self.process.join(timeout=5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(timeout=5)
        code = self.process.exitcode
        self.process.close()
        self.pipe.close()
        return code or 0


class Crew:
    """Processes that wait for work."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = workers

    def at_once(
        self,
        function: Callable[..., Any],
        jobs: Sequence[Job],
        *,
        meanwhile: Callable[[], None] | None = None,
    ) -> list[Any]:
        """Do all ``jobs``, each process its share, from the same moment on; in their order.

        The n-th job is always done by the same process, which may have kept something for it.
        ``meanwhile`` is called over and over until all are done, and once more.
        """
        deadline = time.monotonic() + PATIENCE
        shares = [list(jobs[number :: len(self.workers)]) for number in range(len(self.workers))]
        for worker, share in zip(self.workers, shares, strict=True):
            worker.send(worker_process.run_all, function, share)
        for worker in self.workers:
            worker.receive(deadline)
        for worker in self.workers:
            worker.pipe.send(worker_process.GO)
        while meanwhile is not None:
            is_over = all(worker.pipe.poll() for worker in self.workers)
            meanwhile()
            if is_over or time.monotonic() > deadline:
                break
        results: list[Any] = [None] * len(jobs)
        for number, worker in enumerate(self.workers):
            results[number :: len(self.workers)] = worker.receive(deadline)[1]
        return results


@contextmanager
def crew(size: int, place: Place) -> Iterator[Crew]:
    """Processes for many jobs, ended when it is over."""
    workers = [Worker(place) for _ in range(size)]
    try:
        yield Crew(workers)
    finally:
        for worker in workers:
            worker.close()


class Victims:
    """Processes that may not survive what they are told; the next one is always ready."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.next = Worker(place)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Ended:
        """Run ``function(*arguments, say=…)`` in a process of its own."""
        worker, self.next, ended = self.next, Worker(self.place), Ended()
        deadline = time.monotonic() + PATIENCE
        try:
            with suppress(EOFError, ConnectionResetError):  # it died
                worker.send(worker_process.run_one, function, arguments)
                while (heard := worker.receive(deadline))[0] == "said":
                    ended.said.append(heard[1])
                ended.result = heard[1]
        finally:
            ended.signal = -worker.close()
        return ended


@contextmanager
def victims(place: Place) -> Iterator[Victims]:
    """Processes for one deed each, ended when it is over."""
    processes = Victims(place)
    try:
        yield processes
    finally:
        processes.next.close()
