"""Queryset that reads from the primary database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db import models, router

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class PrimaryDatabaseQuerySet(models.QuerySet[M_co]):
    """Queryset that reads from the database that is written to, and not from a replica.

    A replica is behind the primary database, and does not have the changes of the open transaction.
    So an amount that was just refunded could be refunded again, and stock that was just taken could
    be taken again.

    This class uses ``_db`` and ``_hints``, which are private attributes of ``QuerySet``, because no
    public API suffices. A manager that calls ``using()`` does not know whether the caller or the
    router chose the alias, and has no hints. Without this class, the ``db_for_read`` of a project's
    router would have to return the primary database for the models of this app.
    """

    @property
    def db(self) -> str:
        chosen: str | None = self._db  # type: ignore[attr-defined]
        return chosen or router.db_for_write(self.model, **self._hints)  # type: ignore[attr-defined]

    def in_batches(self, size: int, *, reverse: bool = False) -> Iterator[list[M_co]]:
        """Yield lists of at most ``size`` rows, ordered by primary key; descending if ``reverse``.

        Each list is read by a query that starts after the last primary key of the previous list. So
        no row is skipped or repeated if other rows are added or deleted in between.
        """
        rows = self.order_by("-pk" if reverse else "pk")
        beyond = "pk__lt" if reverse else "pk__gt"
        batch = list(rows[:size])
        while batch:
            yield batch
            batch = list(rows.filter(**{beyond: batch[-1].pk})[:size])
