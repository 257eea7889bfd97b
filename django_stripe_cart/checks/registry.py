"""A mistake of a host's: its number, what is wrong in one sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register

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


def checked(check: Check) -> Check:
    """Register a check that needs to know nothing but the settings."""

    def run(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
        return list(check())

    register(run, TAG)
    return check


def database_checked(check: DatabaseCheck) -> DatabaseCheck:
    """Register a check that asks a database, by its alias: ``check --database default``."""

    def run(
        app_configs: Any = None, databases: Sequence[str] | None = None, **kwargs: Any
    ) -> list[CheckMessage]:
        return [message for alias in databases or () for message in check(alias)]

    register(run, TAG, Tags.database)
    return check
