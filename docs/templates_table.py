"""The table of templates and their blocks, read from the templates themselves."""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATES = Path(__file__).parent.parent / "django_stripe_cart" / "templates"
BLOCK = re.compile(r"{% block ([\w-]+) %}")


def blocks() -> dict[str, list[str]]:
    """The blocks of each template, in their order."""
    found = sorted(path for path in TEMPLATES.rglob("*") if path.suffix in (".html", ".txt"))
    return {
        path.relative_to(TEMPLATES).as_posix(): BLOCK.findall(path.read_text("utf-8"))
        for path in found
    }


def table() -> str:
    rows = ["| template | blocks |", "| --- | --- |"]
    for name, its_blocks in blocks().items():
        rows.append(f"| `{name}` | {', '.join(f'`{block}`' for block in its_blocks)} |")
    return "\n".join(rows)
