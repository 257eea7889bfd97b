"""The pages of the documentation, and the examples in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent.parent
# Indented, it belongs to an item of a list.
FENCE = re.compile(r"^( *)```(\S+)[^\n]*\n(.*?)^\1```$", re.M | re.S)


@dataclass(frozen=True)
class Example:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def examples(*languages: str) -> Iterator[Example]:
    """The examples of all pages in these languages, or in any, in the order of reading."""
    for path in pages():
        text = path.read_text("utf-8")
        for fence in FENCE.finditer(text):
            if fence[2] in languages or not languages:
                line = text.count("\n", 0, fence.start()) + 2
                page = path.relative_to(ROOT).as_posix()
                yield Example(page, line, fence[2], dedent(fence[3]))
