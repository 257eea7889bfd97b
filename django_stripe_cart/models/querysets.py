"""Querysets that read from the database that is written to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db import models, router

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class PrimaryDatabaseQuerySet(models.QuerySet[M_co]):
    """A queryset that never reads from a replica, whatever the host's router says.

    A replica lags behind and does not see the open transaction, so money or stock that was just
    recorded could be taken a second time.

    ``_db`` and ``_hints`` are private attributes of ``QuerySet``. Django has no public way: a
    manager that calls ``using()`` can't tell an alias that was chosen from the router's, and has no
    hints, so the items of an order would be read from another database than the order. Without this
    class, a host's ``db_for_read`` has to return the primary for the models of this app.
    """

    @property
    def db(self) -> str:
        chosen: str | None = self._db  # type: ignore[attr-defined]
        return chosen or router.db_for_write(self.model, **self._hints)  # type: ignore[attr-defined]

    def in_batches(self, size: int, *, reverse: bool = False) -> Iterator[list[M_co]]:
        """Yield lists of at most ``size`` rows, by ascending primary key or by descending one.

        Each batch is a query that starts after the last key of the one before: all rows are never
        in memory at once, and rows that are added or deleted in between shift nothing.
        """
        rows = self.order_by("-pk" if reverse else "pk")
        beyond = "pk__lt" if reverse else "pk__gt"
        batch = list(rows[:size])
        while batch:
            yield batch
            batch = list(rows.filter(**{beyond: batch[-1].pk})[:size])
