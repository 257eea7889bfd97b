"""Parsed message catalogs: .po files, .mo files, and the messages in the sources."""

from __future__ import annotations

import gettext
import os
import re
import shutil
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "django_stripe_cart"
EXAMPLE = ROOT / "example_project" / "shop"
LOCALE = PACKAGE / "locale"

LINE = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?)? ?(".*")')


@dataclass
class Entry:
    """A message of the sources, and its translation."""

    texts: dict[str, str] = field(default_factory=dict)  # by keyword: msgid, msgstr[0]
    is_fuzzy: bool = False

    @property
    def key(self) -> str:
        """The key of gettext."""
        context = self.texts.get("msgctxt")
        return self.msgid if context is None else f"{context}\x04{self.msgid}"

    @property
    def msgid(self) -> str:
        return self.texts["msgid"]

    @property
    def plural(self) -> str | None:
        return self.texts.get("msgid_plural")

    @property
    def forms(self) -> list[str]:
        return [text for name, text in self.texts.items() if name.startswith("msgstr")]


@dataclass
class Catalog:
    header: dict[str, str]
    entries: dict[str, Entry]

    @property
    def plural_forms(self) -> int:
        """int, the number of plural forms."""
        return int(re.findall(r"nplurals=(\d)", self.header["Plural-Forms"])[0])


def read_po(path: Path) -> Catalog:
    entries = list(_read(path.read_text("utf-8").splitlines()))
    by_key = {entry.key: entry for entry in entries}
    assert len(by_key) == len(entries), f"{path}: a msgid twice"
    header = by_key.pop("").forms[0]
    return Catalog(dict(line.split(": ", 1) for line in header.splitlines()), by_key)


def _read(lines: list[str]) -> Iterator[Entry]:
    entry, keyword = Entry(), ""
    for line in filter(None, lines):
        # An entry begins with its comments, or without any; makemessages may leave no line before.
        if entry.forms and line.startswith(("#", "msgctxt", "msgid")):
            yield entry
            entry = Entry()
        if line.startswith("#"):
            assert not line.startswith("#~"), f"obsolete: {line}"
            entry.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
            continue
        found = LINE.fullmatch(line)
        assert found, line
        keyword = found[1] or keyword
        entry.texts[keyword] = entry.texts.get(keyword, "") + literal_eval(found[2])
    yield entry


def read_mo(path: Path) -> dict[object, str]:
    """Return the translations by msgid, or by msgid and the number of the plural form."""
    with path.open("rb") as file:
        texts = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    texts.pop("")
    return texts


def compiled(catalog: Catalog) -> dict[object, str]:
    """Return the translations that the .mo file of ``catalog`` must have."""
    texts: dict[object, str] = {}
    for key, entry in catalog.entries.items():
        if entry.plural is None:
            texts[key] = entry.forms[0]
        else:
            texts |= {(key, number): form for number, form in enumerate(entry.forms)}
    return texts


def extract(app: Path, folder: Path) -> Catalog:
    """Run makemessages on a copy of ``app``, and return its catalog."""
    copy = folder / "sources"
    shutil.copytree(app, copy, ignore=shutil.ignore_patterns("locale", "__pycache__"))
    (copy / "locale").mkdir()
    # -I: in its folder, the package's own modules would stand in for the standard library's.
    command = [sys.executable, "-I", "-m", "django", "makemessages", "-l", "de", "--no-location"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    subprocess.run(command, cwd=copy, env=environ, check=True, capture_output=True)
    return read_po(copy / "locale/de/LC_MESSAGES/django.po")
