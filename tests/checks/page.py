"""The page of the checks in the docs, generated from the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from django_stripe_cart import checks
from django_stripe_cart.checks import CheckTemplate

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"

NAMES = {"api": "API", "urls": "URLs"}

HEAD = """\
# Checks

`python manage.py check --tag stripe_cart` runs them; with `--database default` it also queries the
database. `runserver`, `migrate` and [stripe_cart_doctor](../how-to/doctor.md) run them too. An
error (E) keeps Django's commands from running; a warning (W) is advice. To silence a check, add it
to `SILENCED_SYSTEM_CHECKS`, as `["stripe_cart.W007"]`. The meaning of a number never changes.
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
    for message in vars(module).values():
        if isinstance(message, CheckTemplate):
            yield f"| `{message.number}` | {_escape(message.text)} | {_escape(message.hint)} |"
    yield ""


def _escape(text: str) -> str:
    """Escape a text for Markdown, with an ellipsis for each placeholder."""
    text = re.sub(r"%\(\w+\)[rs]", "…", text).replace("%%", "%")
    return re.sub(r"([|*<\[\\])", r"\\\1", text)
