"""Rows as they are now: read from the database that they are written to."""

from __future__ import annotations

from typing import TypeVar

from django.db import models, router

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class PrimaryDatabaseQuerySet(models.QuerySet[M_co]):
    """Asks no replica, whatever the host's router says of reading.

    A replica lags behind, and knows nothing of the transaction that is open: what was paid, taken
    or reserved a moment ago would be paid, taken or reserved once more.
    """

    @property
    def db(self) -> str:
        chosen: str | None = self._db  # type: ignore[attr-defined]
        return chosen or router.db_for_write(self.model, **self._hints)  # type: ignore[attr-defined]
