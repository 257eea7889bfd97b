"""A mistake of a host's: its number, what is wrong in one sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, Warning

TAG = "stripe_cart"

# Every mistake there is, by number: the docs list them, and each number is given out once.
MISTAKES: dict[str, Mistake] = {}


@dataclass(frozen=True, slots=True)
class Mistake:
    """Calling it, with the words that its texts leave open, makes the message of a check."""

    number: str
    text: str
    hint: str

    @property
    def id(self) -> str:
        return f"{TAG}.{self.number}"

    def __call__(self, **words: Any) -> CheckMessage:
        kind = Error if self.number.startswith("E") else Warning
        return kind(self.text % words, hint=self.hint % words, id=self.id)


def mistake(number: str, text: str, *, hint: str) -> Mistake:
    """Give a number to a mistake."""
    if number in MISTAKES:
        raise AssertionError(f"{number} is taken.")
    MISTAKES[number] = Mistake(number, text, hint)
    return MISTAKES[number]


Check = Callable[[], Iterable[CheckMessage]]
DatabaseCheck = Callable[[str], Iterable[CheckMessage]]


CHECKS: list[Check] = []
DATABASE_CHECKS: list[DatabaseCheck] = []


def checked(check: Check) -> Check:
    """Keep a check that needs to know nothing but the settings."""
    CHECKS.append(check)
    return check


def database_checked(check: DatabaseCheck) -> DatabaseCheck:
    """Keep a check that asks a database, by its alias: ``check --database default``."""
    DATABASE_CHECKS.append(check)
    return check


def run() -> list[CheckMessage]:
    return [message for check in CHECKS for message in check()]


def run_on(aliases: Iterable[str]) -> list[CheckMessage]:
    return [message for alias in aliases for check in DATABASE_CHECKS for message in check(alias)]
