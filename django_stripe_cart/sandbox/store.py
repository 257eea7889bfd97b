"""The storage of the sandbox's objects in SQLite, in memory or in a file.

The storage has its own database connection, because a rollback in the shop's database must not undo
anything at Stripe.
"""

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django_stripe_cart.sandbox.http import Object

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_intent
    ON objects (kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_due ON objects (kind, json_extract(body, '$.due_at'));
"""

Condition = tuple[str, Sequence[Any]]


class Store:
    """A store of JSON objects by id and kind. Only one thread at a time can change the store."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None
        )
        # Fast; a crash of the process loses nothing, a crash of the machine may.
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self._connection.executescript(SCHEMA)
        self.close = weakref.finalize(self, self._connection.close)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the `with` block in a transaction, and make all other threads wait.

        If a transaction is already open, join it.
        """
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if outermost:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if outermost:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def get(self, id: str) -> Object | None:
        """Return the object with this id, or None."""
        rows = self._execute("SELECT body FROM objects WHERE id = ?", [id])
        return json.loads(rows[0][0]) if rows else None

    def put(self, body: Object, *, kind: str | None = None) -> Object:
        """Store an object, and return it. An object that is already stored keeps its `position`."""
        self._execute(
            "INSERT INTO objects (id, kind, body) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            [body["id"], kind or body["object"], json.dumps(body)],
        )
        return body

    def delete(self, id: str) -> None:
        """Delete the object with this id."""
        self._execute("DELETE FROM objects WHERE id = ?", [id])

    def clear(self) -> None:
        """Delete all objects."""
        self._execute("DELETE FROM objects", [])

    def position(self, id: str) -> int | None:
        """Return an object's position in the order of creation. Return None for an unknown id."""
        rows = self._execute("SELECT seq FROM objects WHERE id = ?", [id])
        return rows[0][0] if rows else None

    def find(
        self,
        kind: str,
        *conditions: Condition,
        newest_first: bool = False,
        limit: int | None = None,
        **equal: Any,
    ) -> list[Object]:
        """Return the objects of a kind that meet all conditions, by default oldest first.

        Each keyword argument in `equal` is a field, and the value that the field must have.
        """
        clauses = [("kind = ?", [kind]), *conditions, *(is_equal(k, v) for k, v in equal.items())]
        where = " AND ".join(sql for sql, _ in clauses)
        values = [value for _, some in clauses for value in some]
        # With a condition, the unary plus stops SQLite from scanning all objects of the kind by
        # `seq`, so that it uses the index of the condition, which selects few rows.
        order = ("+" if len(clauses) > 1 else "") + ("seq DESC" if newest_first else "seq ASC")
        rows = self._execute(
            f"SELECT body FROM objects WHERE {where} ORDER BY {order} LIMIT ?",  # noqa: S608
            [*values, -1 if limit is None else limit],
        )
        return [json.loads(row[0]) for row in rows]

    def _execute(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """Execute an SQL statement, and return its rows."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()


def is_equal(field: str, value: Any) -> Condition:
    """Return the SQL condition that a field has a value. `__` separates nested field names."""
    return f"json_extract(body, '$.{field.replace('__', '.')}') = ?", [value]


def compares(field: str, operator: str, value: int) -> Condition:
    """Return the SQL condition that compares a field with a number.

    `operator` is `gt`, `gte`, `lt` or `lte`.
    """
    sign = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}[operator]
    return f"json_extract(body, '$.{field}') {sign} ?", [value]


def is_one_of(field: str, values: Sequence[str]) -> Condition:
    """Return the SQL condition that a field has one of these values."""
    marks = ", ".join("?" for _ in values)
    return f"json_extract(body, '$.{field}') IN ({marks})", values


def is_before(position: int) -> Condition:
    """Return the SQL condition that an object was created before the object at this position."""
    return "seq < ?", [position]


def is_after(position: int) -> Condition:
    """Return the SQL condition that an object was created after the object at this position."""
    return "seq > ?", [position]
