"""Write ``benchmarks/README.md``: the introduction, then the figures that each command kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
FIGURES = HERE / "figures"
PAGE = HERE / "README.md"
COMMANDS = {
    "limits": ("Limits", "tox -e bench-peers"),
    "counted": ("Counted", "tox -e bench-peers"),
    "sync": ("Sync", "tox -e bench-peers"),
    "startup": ("Start", "tox -e bench-peers"),
    "load": ("Under load", "tox -e bench-load"),
    "pages": (
        "What a page weighs",
        "FIGURES=1 python -m pytest -m browser tests/browser/test_figures.py",
    ),
}


def keep(name: str, lines: Iterable[str]) -> None:
    """Keep the figures of a command, print them, and write the page again."""
    text = "\n".join(lines) + "\n"
    print(text)  # noqa: T201
    (FIGURES / f"{name}.md").write_text(text)
    write()


def write() -> None:
    parts = [(HERE / "introduction.md").read_text()]
    for name, (title, command) in COMMANDS.items():
        figures = FIGURES / f"{name}.md"
        if figures.exists():
            parts.append(f"## {title}\n\n`{command}` wrote this.\n\n{figures.read_text()}")
    PAGE.write_text("\n".join(parts))


if __name__ == "__main__":
    write()
