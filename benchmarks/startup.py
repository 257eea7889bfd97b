"""What the shop adds to ``django.setup()``: ``python -m benchmarks.startup``.

Each start is a process of its own, in turn with a bare Django's. CPU time, not the clock, and
instructions besides.
"""

from __future__ import annotations

import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks import callgrind

TIMES = 15
OURS = "django_stripe_cart"
CONTRIB = ("auth", "contenttypes", "sessions", "messages", "staticfiles")


def start(*apps: str) -> None:
    """Set up Django with ``apps``; print the seconds, and how many modules are there then."""
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in CONTRIB), *apps],
        STRIPE_CART_CURRENCY="usd",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    began = time.process_time()
    callgrind.mark()
    for app in apps:
        importlib.import_module(app)
    django.setup()
    callgrind.mark()
    took = time.process_time() - began
    print(took, len(sys.modules), int("stripe" in sys.modules))  # noqa: T201


def run(*apps: str) -> list[float]:
    """The same in a process of its own: seconds, modules, and whether Stripe's SDK is one."""
    command = [sys.executable, "-m", "benchmarks.startup", "start", *apps]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return [float(figure) for figure in done.stdout.split()]


def table() -> Iterator[str]:
    pairs = [(run(), run(OURS)) for _time in range(TIMES)]
    added = [(ours[0] - bare[0]) * 1000 for bare, ours in pairs]
    ratios = [ours[0] / bare[0] for bare, ours in pairs]
    (_seconds, bare_modules, _none), (_seconds, modules, stripe) = pairs[-1]
    yield "| over bare Django | at least | in the middle | at most |"
    yield "| --- | ---: | ---: | ---: |"
    for name, values, form in (("ms of CPU more", added, ".0f"), ("ratio", ratios, ".2f")):
        cells = (min(values), statistics.median(values), max(values))
        yield f"| {name} | {' | '.join(format(value, form) for value in cells)} |"
    is_there = "is" if stripe else "is not"
    yield f"\n{modules - bare_modules:.0f} modules more than {bare_modules:.0f}, and"
    yield f"`stripe` {is_there} among them."
    if callgrind.is_there():
        bare, ours = (_count(), _count(OURS))
        yield f"{ours / 1e6:,.0f} M instructions instead of {bare / 1e6:,.0f} M: {ours / bare:.2f}."


def _count(*apps: str) -> int:
    return callgrind.count("benchmarks.startup", "start", *apps, env={})[0]


if __name__ == "__main__":
    if sys.argv[1:2] == ["start"]:
        start(*sys.argv[2:])
    else:
        from benchmarks import page

        page.keep("startup", table())
