"""Instructions, counted by valgrind: nearly the same on every machine and at every load."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# Python calls it for nothing else, and callgrind notices when it is called.
MARK = "getloadavg"


def mark() -> None:
    """Begin to count, and end what was counted before."""
    os.getloadavg()


def is_there() -> bool:
    return shutil.which("valgrind") is not None


def count(
    module: str, *arguments: str, env: Mapping[str, str], python: str = sys.executable
) -> list[int]:
    """Run a module of ours, and return the instructions between every two of its marks."""
    with tempfile.TemporaryDirectory() as folder:
        _run(module, arguments, env=env, python=python, out=f"{folder}/out")
        # out.1 ends at the first mark; what comes after the last one is in out itself.
        files = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        return [_total(path) for path in files[1:]]


def _run(
    module: str, arguments: Sequence[str], *, env: Mapping[str, str], python: str, out: str
) -> None:
    valgrind = ["valgrind", "--tool=callgrind", f"--dump-before={MARK}"]
    subprocess.run(  # noqa: S603
        [*valgrind, f"--callgrind-out-file={out}", "-q", python, "-m", module, *arguments],
        # The order of sets and the addresses of objects are part of what is counted.
        env={**os.environ, **env, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )


def _total(path: Path) -> int:
    found = re.search(r"^totals: (\d+)", path.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
