"""Row locks and retried transactions, on every database.

``select_for_update`` does nothing on SQLite, and a transaction there that reads before it writes
fails with "database is locked". A write as the first statement locks the row on every database.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar, overload

from django.apps import apps
from django.db import DatabaseError, connections, models, router, transaction
from django.db.models import F, Value

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)

ATTEMPTS = 8
MAX_DELAY = 1.0  # seconds

# With its type, so that Django does not work it out for each statement.
ONE = Value(1, output_field=models.PositiveBigIntegerField())

# Serialization failure, deadlock, lock not available; MySQL: deadlock, lock wait, record changed.
SQLSTATES = frozenset({"40001", "40P01", "55P03"})
MYSQL_CODES = frozenset({1213, 1205, 1020})


def lock(model: type[M], pk: Any) -> M:
    """Lock a row by writing to it, and return it as it is now.

    Must be the first thing that a transaction does with the row. Raises ``model.DoesNotExist``.
    Lock a cart before its orders.
    """
    lock_without_reading(model, pk)
    return _rows(model).get(pk=pk)


def lock_without_reading(model: type[models.Model], pk: Any) -> None:
    """Lock a row as ``lock`` does, without reading it. Raises ``model.DoesNotExist``."""
    lock_where(model, {"pk": pk})


def lock_where(model: type[models.Model], unique: Mapping[str, Any], **changes: Any) -> None:
    """Lock the row that has these ``unique`` values, and make ``changes`` in the same statement.

    Raises ``model.DoesNotExist``.
    """
    if not increment(model, "version", unique, **changes):
        raise model.DoesNotExist  # type: ignore[attr-defined]


def increment(
    model: type[models.Model], counter: str, where: Mapping[str, Any], **changes: Any
) -> bool:
    """Add one to ``counter`` in the row that has the values in ``where``, and make ``changes``.

    Return whether there is such a row. None in ``where`` means SQL's NULL.
    """
    # A JSON field compares None with JSON's null, so NULL is asked for by its own lookup.
    conditions = {
        f"{name}__isnull" if value is None else name: True if value is None else value
        for name, value in where.items()
    }
    changes[counter] = F(counter) + ONE
    return bool(_rows(model).filter(**conditions).update(**changes))


def lock_all(model: type[M], pks: Iterable[Any]) -> dict[Any, M]:
    """Lock several rows in the order of their keys, and return those that exist, by key.

    All rows are locked before any is read, so the values are consistent.
    """
    for pk in sorted(wanted := set(pks)):
        increment(model, "version", {"pk": pk})
    return {row.pk: row for row in _rows(model).filter(pk__in=wanted)}


def _rows(model: type[M]) -> models.QuerySet[M]:
    return model._base_manager.using(router.db_for_write(model))


@overload
def in_transaction(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def in_transaction(*, durable: bool) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def in_transaction(function: Callable[..., Any] | None = None, /, *, durable: bool = True) -> Any:
    """Run a function in a transaction of its own, and again if the database asks for it.

    The whole transaction is retried, so the function must not call Stripe. With ``durable=False``
    it may also join a transaction that is open; then the outer one is retried.
    """
    if function is None:
        return functools.partial(_in_transaction, durable=durable)
    return _in_transaction(function, durable=durable)


def _in_transaction(function: Callable[P, R], *, durable: bool) -> Callable[P, R]:
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        attempts = ATTEMPTS if durable or not is_transaction_open() else 1
        attempt = 0
        while True:
            attempt += 1
            try:
                with transaction.atomic(using=_alias(), durable=durable):
                    return function(*args, **kwargs)
            except DatabaseError as error:
                if attempt == attempts or not is_retryable(error):
                    raise
                # Jitter, so that transactions that collided do not collide again.
                time.sleep(random.uniform(0, min(MAX_DELAY, 0.01 * 2**attempt)))  # noqa: S311

    return run


def retry(
    *on: type[Exception], times: int, then_raise: type[Exception]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Call a function again if it raises one of ``on``, because other requests changed its rows.

    For functions that can't be one transaction, because they make requests to Stripe in between.
    The function is called at most ``times`` times (int), then ``then_raise`` is raised.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            for _attempt in range(times - 1):
                with suppress(*on):
                    return function(*args, **kwargs)
            try:
                return function(*args, **kwargs)
            except on as error:
                raise then_raise from error

        return run

    return decorate


def savepoint() -> transaction.Atomic:
    """Return a savepoint: a part of a transaction that can be rolled back on its own."""
    return transaction.atomic(using=_alias())


def is_transaction_open() -> bool:
    """Whether a transaction is open, other than the one that ``TestCase`` wraps a test in."""
    # Private API: without it no host could test a verb in a TestCase. atomic(durable=True) looks at
    # the same two attributes.
    blocks = getattr(connections[_alias()], "atomic_blocks", None)
    if blocks is None:
        return not transaction.get_autocommit(using=_alias())
    return bool(blocks) and not getattr(blocks[-1], "_from_testcase", False)


def after_commit(function: Callable[[], Any]) -> None:
    """Call ``function`` now, or after the commit of the transaction that is open.

    The function may open transactions of its own.
    """
    if is_transaction_open():
        transaction.on_commit(function, using=_alias())
    else:
        function()


def _alias() -> str:
    return router.db_for_write(apps.get_model("stripe_cart", "Order"))


def is_retryable(error: Exception) -> bool:
    """Whether the same transaction may succeed when it is run again."""
    if not isinstance(error, DatabaseError):
        return False
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in SQLSTATES:
        return True
    code = cause.args[0] if cause is not None and cause.args else None
    return code in MYSQL_CODES or "database is locked" in str(error)
