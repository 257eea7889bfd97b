"""Every command in the documentation can be parsed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from tests.docs.pages import ROOT, examples, pages

DJANGO = ("manage.py", "django-admin")
# Of these we know only what they are given that is ours: paths below deploy/.
OTHERS = ("cd", "cp", "docker", "python", "source")
INLINE = re.compile(r"`((?:\S*python )?manage\.py [^`]+)`")
TIMETABLE = re.compile(r"^(?:\S+ ){5} *(?=cd )")  # of cron


def commands() -> Iterator[tuple[str, list[str]]]:
    """Where each command stands, and its words."""
    for example in examples("console", "text"):
        for number, line in enumerate(example.text.splitlines(), example.line):
            if example.language == "console" or "manage.py" in line:
                typed = TIMETABLE.sub("", line.removeprefix("         Next: "))
                yield from split(f"{example.page}:{number}", typed)
    for path in pages():
        for typed in INLINE.findall(path.read_text("utf-8")):
            yield from split(path.relative_to(ROOT).as_posix(), typed)


def split(place: str, line: str) -> Iterator[tuple[str, list[str]]]:
    words = iter(shlex.split(line.replace("…", "123"), comments=True))
    while command := list(takewhile(lambda word: word != "&&", words)):
        yield place, command


COMMANDS = list(commands())


def test_commands_are_found_in_fences_in_lists_and_within_sentences() -> None:
    typed = [(place.partition(":")[0], " ".join(words)) for place, words in COMMANDS]

    assert ("docs/how-to/go-live.md", "python manage.py check --deploy") in typed
    assert ("docs/how-to/doctor.md", "python manage.py stripe_cart_doctor") in typed
    assert ("docs/reference/checks.md", "python manage.py check --tag stripe_cart") in typed
    assert (
        "docs/explanation/beyond-one-machine.md",
        ".venv/bin/python manage.py stripe_cart_sync",
    ) in typed


@pytest.mark.parametrize(
    ("place", "words"), COMMANDS, ids=[f"{place} {' '.join(words)}" for place, words in COMMANDS]
)
def test_a_command_is_understood_to_its_last_word(place: str, words: list[str]) -> None:
    ours = next((at for at, word in enumerate(words) if word in DJANGO), None)
    if ours is not None:
        name, *arguments = words[ours + 1 :]
        parse(name, arguments)
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M)
    elif words[0] == "pip":
        setup = (ROOT / "setup.py").read_text()
        name, extra = re.fullmatch(r"(?:\./)?([\w-]+)(?:\[(\w+)\])?", words[-1]).groups()
        assert f'"{name}' in setup
        assert extra is None or f'"{extra}": ' in setup
    else:
        assert words[0].rpartition("/")[2] in OTHERS

    given = words[:-1] if words[0] == "cp" else words
    for path in [word for word in given if word.startswith("deploy/")]:
        assert (ROOT / path).is_file()


def parse(name: str, arguments: list[str]) -> None:
    """As the command itself would: what it doesn't know is a ``CommandError``."""
    app = get_commands()[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    parser = command.create_parser("manage.py", name)
    parser.allow_abbrev = False
    parser.parse_args(arguments)
