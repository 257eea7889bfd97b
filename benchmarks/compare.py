"""Compare us with the limit and with what others use, and write ``benchmarks/README.md``.

``tox -e bench-peers`` runs it: every candidate in a process of its own, the peers in environments
that are made for it. Only what can be counted is compared, so the figures are the same on every
machine: SQL statements, instructions (by valgrind), bytes, and calls to Stripe. Candidates that are
named are counted alone, and the others stay as they were.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import callgrind, limits, page

ROOT = Path(__file__).parent.parent
TIMES = 3  # requests between two marks of an operation, as in operations.py
COUNTED = page.FIGURES / "counted.json"

# candidate: what has to be installed for it; nothing is: it runs in our own environment.
CANDIDATES: dict[str, list[str]] = {
    "raw": [],
    "minimal": [],
    "same_page": [],
    "ours": [],
    "ours_without_emails": [],
    "django_cart": ["Django>=5.2,<5.3", "django-cart==3.1.*"],
    "django_oscar": ["Django>=5.2,<5.3", "django-oscar==4.2.*"],
    "djstripe": ["Django>=5.2,<5.3", "dj-stripe==2.11.*"],
    # Its JSON can't hold what Stripe's SDK 16 answers, and every checkout is a 500.
    "django_payments": ["Django>=5.2,<5.3", "django-payments[stripe]==4.1.*", "stripe>=14,<15"],
}


@dataclass(frozen=True)
class Cost:
    statements: int
    bytes: int
    calls: int
    instructions: int


Costs = dict[str, Cost]


def measure(candidate: str, python: str = sys.executable) -> Costs:
    """Return what each operation of ``candidate`` costs, by the operation's name."""
    env = {"CANDIDATE": candidate, "PYTHONPATH": str(ROOT)}
    module = "benchmarks.operations"
    done = subprocess.run(  # noqa: S603
        [python, "-m", module, "count"],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    counts = json.loads(done.stdout)
    # Between every two operations lies what prepares the next one.
    totals = callgrind.count(module, "mark", env=env, python=python)[::2]
    return {
        name: Cost(**counted, instructions=total // TIMES)
        for (name, counted), total in zip(counts.items(), totals, strict=True)
    }


def environment(packages: list[str], folder: str) -> str:
    """Return the Python of a new environment with ``packages``."""
    if not packages:
        return sys.executable
    venv.create(folder, with_pip=True)
    python = f"{folder}/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)  # noqa: S603
    return python


def measure_all(names: list[str]) -> dict[str, Costs]:
    """Measure those that are named, one after the other, and return all that are known."""
    found = read()
    for name in names:
        print(f"{name} …", flush=True)  # noqa: T201
        with tempfile.TemporaryDirectory() as folder:
            found[name] = measure(name, environment(CANDIDATES[name], folder))
        kept = {n: {o: asdict(cost) for o, cost in costs.items()} for n, costs in found.items()}
        COUNTED.write_text(json.dumps(kept, indent=1) + "\n")
    return found


def read() -> dict[str, Costs]:
    kept = json.loads(COUNTED.read_text()) if COUNTED.exists() else {}
    return {n: {o: Cost(**cost) for o, cost in costs.items()} for n, costs in kept.items()}


def table(found: dict[str, Costs]) -> Iterator[str]:
    """Yield the lines of a Markdown table: operations down, candidates across."""
    names = [name for name in CANDIDATES if name in found]
    yield "| operation | " + " | ".join(names) + " | ours to minimal |"
    yield "| --- |" + " ---: |" * (len(names) + 1)
    for operation, ours in found["ours"].items():
        cells = [_cell(found[name].get(operation)) for name in names]
        minimal = found["minimal"].get(operation)
        ratio = f"{ours.instructions / minimal.instructions:.2f}" if minimal else "-"
        yield f"| {operation} | {' | '.join(cells)} | {ratio} |"


def _cell(cost: Cost | None) -> str:
    if cost is None:
        return "-"
    calls = f", {cost.calls} call" if cost.calls else ""
    millions = cost.instructions / 1e6
    return f"{cost.statements} SQL, {millions:.2f} M, {cost.bytes:,} B{calls}"


def main() -> None:
    if not callgrind.is_there():
        sys.exit("Instructions are counted by valgrind: apt-get install valgrind")
    found = measure_all(sys.argv[1:] or list(CANDIDATES))
    page.keep("counted", table(found))
    page.keep("limits", limits.table(found))


if __name__ == "__main__":
    main()
