"""Statements that are compiled once: to build and compile one costs more than to run it.

Only those whose text never changes: not what a host's manager or function has to say each time.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any, Generic, TypeVar

from django.db import connections, models
from django.db.models.expressions import Expression

M = TypeVar("M", bound=models.Model)

Values = Mapping[str, Any]


class Given(Expression):
    """The place of a value for a field of ``model``, which is given when the statement is run."""

    def __init__(self, model: type[models.Model], name: str) -> None:
        meta: Any = model._meta
        super().__init__(output_field=meta.pk if name == "pk" else meta.get_field(name))
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", (self,)


def sought(field: Any, value: Any, connection: Any) -> Any:
    """Return ``value`` as the database is asked for it: one that no row can have finds none."""
    return field.get_db_prep_value(field.get_prep_value(value), connection, prepared=True)


def fill(params: tuple[Any, ...], values: Values, connection: Any) -> tuple[Any, ...]:
    """Put the values into their places."""
    return tuple(
        sought(param.field, values[param.name], connection) if isinstance(param, Given) else param
        for param in params
    )


class Prepared(Generic[M]):
    """A queryset that is compiled once for each database, and run with other values each time."""

    def __init__(self, rows: models.QuerySet[M]) -> None:
        self._rows = rows
        self._compilers: dict[str, Any] = {}

    def read(self, values: Values) -> list[M]:
        rows = self._rows.all()
        rows.query.get_compiler = partial(self._get_compiler, values)  # type: ignore[method-assign]
        return list(rows)

    def compile(self, using: str) -> Any:
        """Return the text, its parameters, and the compiler that knows what the columns are."""
        if using not in self._compilers:
            compiler = self._rows.query.clone().get_compiler(using)
            sql, params = compiler.as_sql()
            compiler.connection = None  # each thread has its own
            self._compilers[using] = sql, params, compiler
        return self._compilers[using]

    def _get_compiler(self, values: Values, using: str) -> Any:
        sql, params, compiled = self.compile(using)
        compiler = copy.copy(compiled)
        compiler.connection = connection = connections[using]
        # Not by way of the compiler: a circle would wait for the garbage collector.
        compiler.as_sql = lambda: (sql, fill(params, values, connection))
        return compiler


class Subselect(Expression):
    """The one number that a prepared queryset finds, as a part of another query."""

    def __init__(self, prepared: Prepared[Any], values: Values) -> None:
        super().__init__(output_field=models.BigIntegerField())
        self.prepared, self.values = prepared, values

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        sql, params, _compiler = self.prepared.compile(connection.alias)
        return f"({sql})", fill(params, self.values, connection)

    def get_group_by_cols(self) -> list[Any]:
        return []
