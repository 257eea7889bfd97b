"""Hold the instructions of the main five operations below a ceiling: ``tox -e bench``."""

from __future__ import annotations

import os
import sys

from benchmarks import callgrind
from benchmarks.compare import ROOT, TIMES

# Millions of instructions for one request, a tenth above what was counted. Other releases of
# Python and Django count differently, so they have more room, and growth is still seen.
CEILINGS = {
    "storefront, 12 of 60 products": 43,
    "add to cart, same line": 16.3,
    "cart, 10 lines": 39.5,
    "begin checkout, 3 lines": 30.5,
    "webhook paid, 3 lines": 41,
}


def main() -> None:
    if not callgrind.is_there():
        in_ci = os.environ.get("CI") == "true"
        word = "FAILED" if in_ci else "SKIPPED"
        print(f"{word}: There is no valgrind to count instructions with.")  # noqa: T201
        sys.exit(int(in_ci))
    env = {"CANDIDATE": "ours", "PYTHONPATH": str(ROOT)}
    totals = callgrind.count("benchmarks.operations", "mark", *CEILINGS, env=env)[::2]
    counted = dict(zip(CEILINGS, (total / TIMES / 1e6 for total in totals), strict=True))
    for name, millions in counted.items():
        print(f"{name}: {millions:.1f} M of {CEILINGS[name]} M instructions")  # noqa: T201
    if any(counted[name] > CEILINGS[name] for name in CEILINGS):
        sys.exit("An operation needs more instructions than it may.")


if __name__ == "__main__":
    main()
