"""Numbered check messages, and the registry of the checks that yield them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, Warning

TAG = "stripe_cart"

# By number. The docs list them all; a number is never reused.
CHECK_TEMPLATES: dict[str, CheckTemplate] = {}


@dataclass(frozen=True, slots=True)
class CheckTemplate:
    """A numbered message: text and hint, with placeholders. Call it to build the message.

    Numbers start with E for errors and W for warnings.
    """

    number: str
    text: str
    hint: str

    @property
    def id(self) -> str:
        return f"{TAG}.{self.number}"

    def __call__(self, **words: Any) -> CheckMessage:
        kind = Error if self.number.startswith("E") else Warning
        return kind(self.text % words, hint=self.hint % words, id=self.id)


def message(number: str, text: str, *, hint: str) -> CheckTemplate:
    """Define the message ``number``. Raises ``AssertionError`` if the number is taken."""
    if number in CHECK_TEMPLATES:
        raise AssertionError(f"{number} is taken.")
    CHECK_TEMPLATES[number] = CheckTemplate(number, text, hint)
    return CHECK_TEMPLATES[number]


Check = Callable[[], Iterable[CheckMessage]]
DatabaseCheck = Callable[[str], Iterable[CheckMessage]]


CHECKS: list[Check] = []
DATABASE_CHECKS: list[DatabaseCheck] = []


def register(check: Check) -> Check:
    """Register a check that reads only settings. Use as a decorator."""
    CHECKS.append(check)
    return check


def register_for_database(check: DatabaseCheck) -> DatabaseCheck:
    """Register a check that queries a database, given by alias (``check --database default``)."""
    DATABASE_CHECKS.append(check)
    return check


def run() -> list[CheckMessage]:
    """Run the checks that read only settings."""
    return [message for check in CHECKS for message in check()]


def run_on_databases(aliases: Iterable[str]) -> list[CheckMessage]:
    """Run the checks that query a database, on each alias."""
    return [message for alias in aliases for check in DATABASE_CHECKS for message in check(alias)]
