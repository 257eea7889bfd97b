"""Numbered messages of the system checks, and the list of the checks that return them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, Warning

TAG = "stripe_cart"

# All messages by number. The docs list them; a number is never reused.
CHECK_TEMPLATES: dict[str, CheckTemplate] = {}


@dataclass(frozen=True, slots=True)
class CheckTemplate:
    """A numbered message with placeholders in its text and hint.

    Call it with the values of the placeholders. The number of an error starts with E, and the
    number of a warning with W.
    """

    number: str
    text: str
    hint: str

    @property
    def id(self) -> str:
        """Return the id by which SILENCED_SYSTEM_CHECKS names the message."""
        return f"{TAG}.{self.number}"

    def __call__(self, **words: Any) -> CheckMessage:
        """Return the message for Django. ``words`` are the values of the placeholders."""
        kind = Error if self.number.startswith("E") else Warning
        return kind(self.text % words, hint=self.hint % words, id=self.id)


def message(number: str, text: str, *, hint: str) -> CheckTemplate:
    """Define a numbered message, and return its template.

    Raises ``AssertionError`` if the number is taken.
    """
    if number in CHECK_TEMPLATES:
        raise AssertionError(f"{number} is taken.")
    CHECK_TEMPLATES[number] = CheckTemplate(number, text, hint)
    return CHECK_TEMPLATES[number]


Check = Callable[[], Iterable[CheckMessage]]
DatabaseCheck = Callable[[str], Iterable[CheckMessage]]


CHECKS: list[Check] = []
DATABASE_CHECKS: list[DatabaseCheck] = []


def register_without_database(check: Check) -> Check:
    """Register a function as a check that does not query a database. Use it as a decorator."""
    CHECKS.append(check)
    return check


def register_for_database(check: DatabaseCheck) -> DatabaseCheck:
    """Register a function as a check of a database. The function gets the alias of the database."""
    DATABASE_CHECKS.append(check)
    return check


def run() -> list[CheckMessage]:
    """Run the checks that do not query a database, and return their messages."""
    return [message for check in CHECKS for message in check()]


def run_on_databases(aliases: Iterable[str]) -> list[CheckMessage]:
    """Run the database checks on each database in ``aliases``, and return their messages."""
    return [message for alias in aliases for check in DATABASE_CHECKS for message in check(alias)]
