"""Worker processes with their own connections: a pool, and disposable ones that may be killed."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.batteries import worker_process
from tests.batteries.worker_process import Services

TIMEOUT = 600  # seconds for all jobs of one call, on a busy machine

# Forked from a server that has only imported the worker's module.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pytest", "tests.batteries.worker_process"])

Job = tuple[Any, ...]


class WorkerFailed(AssertionError):
    """The traceback of an exception in a worker process."""


@dataclass
class ProcessResult:
    """The signal that killed a process, or its result; and what it reported before."""

    signal: int = 0
    result: Any = None
    reports: list[Any] = field(default_factory=list)


class Worker:
    def __init__(self, services: Services) -> None:
        self.pipe, other = CONTEXT.Pipe()
        arguments = (other, services)
        self.process = CONTEXT.Process(
            target=worker_process.run_worker, args=arguments, daemon=True
        )
        self.process.start()
        other.close()

    def send(self, *message: Any) -> None:
        self.pipe.send(message)

    def receive(self, deadline: float) -> tuple[str, Any]:
        """Return the kind and content of the next message. Raises ``EOFError`` if it died."""
        if not self.pipe.poll(max(deadline - time.monotonic(), 0)):
            raise TimeoutError(f"Process {self.process.pid} does not answer.")
        kind, content = self.pipe.recv()
        if kind == "failed":
            raise WorkerFailed(content)
        return kind, content

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


class WorkerPool:
    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = workers

    def run_concurrently(
        self,
        function: Callable[..., Any],
        jobs: Sequence[Job],
        *,
        while_running: Callable[[], None] | None = None,
    ) -> list[Any]:
        """Run ``jobs`` in all workers, started at the same moment, and return the results in order.

        The n-th job of each call runs in the same worker, so a later call can use what an earlier
        one has cached. ``while_running`` is called repeatedly until all are done, and once more.
        """
        deadline = time.monotonic() + TIMEOUT
        shares = [list(jobs[number :: len(self.workers)]) for number in range(len(self.workers))]
        for worker, share in zip(self.workers, shares, strict=True):
            worker.send(worker_process.run_jobs, function, share)
        for worker in self.workers:
            worker.receive(deadline)
        for worker in self.workers:
            worker.pipe.send(worker_process.GO)
        while while_running is not None:
            is_over = all(worker.pipe.poll() for worker in self.workers)
            while_running()
            if is_over or time.monotonic() > deadline:
                break
        results: list[Any] = [None] * len(jobs)
        for number, worker in enumerate(self.workers):
            results[number :: len(self.workers)] = worker.receive(deadline)[1]
        return results


@contextmanager
def worker_pool(size: int, services: Services) -> Iterator[WorkerPool]:
    workers = [Worker(services) for _ in range(size)]
    try:
        yield WorkerPool(workers)
    finally:
        for worker in workers:
            worker.close()


class DisposableWorkers:
    """Workers for one job each, which may kill its process. The next one is started ahead."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.next = Worker(services)

    def run(self, function: Callable[..., Any], *arguments: Any) -> ProcessResult:
        """Run ``function(*arguments, report=…)`` in its own process."""
        worker, self.next, result = self.next, Worker(self.services), ProcessResult()
        deadline = time.monotonic() + TIMEOUT
        try:
            with suppress(EOFError, ConnectionResetError):  # it died
                worker.send(worker_process.run_job, function, arguments)
                while (message := worker.receive(deadline))[0] == "report":
                    result.reports.append(message[1])
                result.result = message[1]
        finally:
            result.signal = -worker.close()
        return result


@contextmanager
def disposable_workers(services: Services) -> Iterator[DisposableWorkers]:
    workers = DisposableWorkers(services)
    try:
        yield workers
    finally:
        workers.next.close()
