"""Pagination without ``COUNT(*)``, whose cost grows with the number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)

MAX_PAGE = 10_000  # databases reject offsets that are too large


@dataclass(frozen=True)
class Page(Generic[M]):
    """A page of a queryset, with the same attributes as Django's ``Page``."""

    object_list: list[M]
    number: int
    has_next: bool

    @classmethod
    def from_queryset(cls, rows: models.QuerySet[M], requested: Any, *, size: int) -> Self:
        """Return the page with the number ``requested``.

        If there is no such page, return the first page.
        """
        number = _parse_number(requested)
        start = (number - 1) * size
        found = list(rows[start : start + size + 1])  # one more shows whether there is a next page
        if not found and number > 1:
            return cls.from_queryset(rows, 1, size=size)
        return cls(found[:size], number, has_next=len(found) > size)

    def __iter__(self) -> Iterator[M]:
        return iter(self.object_list)

    @property
    def has_previous(self) -> bool:
        """Return whether there is a page before this one."""
        return self.number > 1

    @property
    def has_other_pages(self) -> bool:
        """Return whether there is a page before or after this one."""
        return self.has_previous or self.has_next

    @property
    def previous_page_number(self) -> int:
        """Return the number of the page before this one."""
        return self.number - 1

    @property
    def next_page_number(self) -> int:
        """Return the number of the page after this one."""
        return self.number + 1


def _parse_number(requested: Any) -> int:
    """Return ``requested`` as a page number, or 1 if it is not valid."""
    try:
        number = int(requested)
    except (TypeError, ValueError):
        return 1
    return number if 1 <= number <= MAX_PAGE else 1
