"""The reference of the checks, written from the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from django_stripe_cart import checks
from django_stripe_cart.checks import Mistake

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"

NAMES = {"api": "API", "urls": "URLs"}

HEAD = """\
# Checks

`python manage.py check --tag stripe_cart` runs them, `--database default` asks the database too,
and so do `runserver`, `migrate` and [stripe_cart_doctor](../how-to/doctor.md). An error (E) keeps
Django's commands from running; a warning (W) is advice. One that you know better about goes into
`SILENCED_SYSTEM_CHECKS`, as `["stripe_cart.W007"]`. A number never comes to mean something else.
"""


def render() -> str:
    parts = [getattr(checks, name) for name in checks.__all__]
    modules = [part for part in parts if isinstance(part, ModuleType)]
    return "\n".join([HEAD, *(line for module in modules for line in _part(module))])


def _part(module: ModuleType) -> Iterator[str]:
    title = module.__name__.rpartition(".")[2].replace("_", " ")
    yield f"## {NAMES.get(title, title.capitalize())}\n"
    yield f"{module.__doc__}\n"
    yield "| number | what is wrong | what to do |\n| --- | --- | --- |"
    for mistake in vars(module).values():
        if isinstance(mistake, Mistake):
            yield f"| `{mistake.number}` | {_told(mistake.text)} | {_told(mistake.hint)} |"
    yield ""


def _told(text: str) -> str:
    """As it is read, with a gap for each word that depends on the site."""
    text = re.sub(r"%\(\w+\)[rs]", "…", text).replace("%%", "%")
    return re.sub(r"([|*<\[\\])", r"\\\1", text)
