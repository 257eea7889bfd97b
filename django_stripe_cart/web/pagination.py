"""A page of a list that may be long. Nothing is counted: that would cost more with every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)

LAST = 10_000  # nobody turns that many pages, and databases refuse offsets that are too large


@dataclass(frozen=True)
class Page(Generic[M]):
    """``object_list`` holds the rows of page ``number``; names are those of Django's own pages."""

    object_list: list[M]
    number: int
    has_next: bool

    @classmethod
    def of(cls, rows: models.QuerySet[M], asked: Any, *, size: int) -> Self:
        """Return the page that was ``asked`` for, which may be anything; else the first."""
        number = _read_number(asked)
        start = (number - 1) * size
        found = list(rows[start : start + size + 1])  # one more tells whether there is a next page
        if not found and number > 1:
            return cls.of(rows, 1, size=size)
        return cls(found[:size], number, has_next=len(found) > size)

    def __iter__(self) -> Iterator[M]:
        return iter(self.object_list)

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def has_other_pages(self) -> bool:
        return self.has_previous or self.has_next

    @property
    def previous_page_number(self) -> int:
        return self.number - 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1


def _read_number(asked: Any) -> int:
    try:
        number = int(asked)
    except (TypeError, ValueError):
        return 1
    return number if 1 <= number <= LAST else 1
