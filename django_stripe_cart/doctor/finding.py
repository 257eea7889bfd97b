"""A finding of the doctor: its state, a sentence, and the next command to run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    GOOD = "ok"
    ADVICE = "look"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    state: State
    text: str
    next: str = ""


def good(text: str) -> Finding:
    return Finding(State.GOOD, text)


def advice(text: str, *, next: str = "") -> Finding:
    return Finding(State.ADVICE, text, next)


def wrong(text: str, *, next: str = "") -> Finding:
    return Finding(State.WRONG, text, next)
