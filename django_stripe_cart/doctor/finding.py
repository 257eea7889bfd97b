"""The findings of a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.timesince import timesince


class State(StrEnum):
    """How serious a finding is. The values are the words that ``stripe_cart_doctor`` shows."""

    GOOD = "ok"
    ADVICE = "look"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of the diagnosis: how serious it is, a sentence, and what to do about it."""

    state: State
    text: str
    next: str = ""


def good(text: str) -> Finding:
    """Return a finding about something that works."""
    return Finding(State.GOOD, text)


def advice(text: str, *, next: str = "") -> Finding:
    """Return a finding about something to check. ``next`` says what to do."""
    return Finding(State.ADVICE, text, next)


def wrong(text: str, *, next: str = "") -> Finding:
    """Return a finding about something that does not work. ``next`` says what to do."""
    return Finding(State.WRONG, text, next)


def describe_time(time: datetime) -> str:
    """Return a time from the database as text: the local time, and how long ago it was."""
    local = timezone.localtime(time) if timezone.is_aware(time) else time
    return f"at {local:%Y-%m-%d %H:%M} ({timesince(time)} ago)"
