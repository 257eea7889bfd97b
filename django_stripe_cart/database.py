"""The one lock and the one retry: how a critical transaction begins, and how it is run again.

``select_for_update`` does nothing on SQLite, and a transaction there that reads before it writes
dies with "database is locked". A write as the first statement locks the row on every database.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar, overload

from django.apps import apps
from django.db import DatabaseError, connections, models, router, transaction
from django.db.models import F
from django.db.models.sql import UpdateQuery

from django_stripe_cart.prepared import Given, Values, fill

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)

ATTEMPTS = 8
LONGEST_PAUSE = 1.0  # seconds

# Serialization failure, deadlock, lock not available; MySQL: deadlock, lock wait, record changed.
SQLSTATES = frozenset({"40001", "40P01", "55P03"})
MYSQL_CODES = frozenset({1213, 1205, 1020})


def lock(model: type[M], pk: Any) -> M:
    """Lock a row by writing to it, and return it as it is now.

    Must be the first thing that a transaction does with the row. Raises ``model.DoesNotExist``.
    Two rows are locked in the order cart, order.
    """
    hold(model, pk)
    return model._base_manager.using(router.db_for_write(model)).get(pk=pk)


def hold(model: type[models.Model], pk: Any) -> None:
    """Lock a row as ``lock`` does, without reading it. Raises ``model.DoesNotExist``."""
    hold_by(model, {"pk": pk})


def hold_by(model: type[models.Model], unique: Values, **changes: Any) -> None:
    """Lock the row that has these ``unique`` values, and make ``changes`` in the same statement."""
    if not write(model, unique, changes):
        raise model.DoesNotExist  # type: ignore[attr-defined]


def write(
    model: type[models.Model],
    unique: Values,
    changes: Values,
    *,
    unless_changed: Values = MappingProxyType({}),
) -> bool:
    """Make ``changes`` to the one row, which locks it, and return whether it is there.

    What it has in ``unless_changed`` is a part of the text: few values, which are always the same.
    """
    alias = router.db_for_write(model)
    same = tuple(unless_changed.items())
    sql, params = _compile_write(model, alias, (*unique,), (*changes,), same)
    with transaction.mark_for_rollback_on_error(alias), connections[alias].cursor() as cursor:
        cursor.execute(sql, fill(params, {**unique, **changes}, connections[alias]))
        return bool(cursor.rowcount)


@functools.cache
def _compile_write(
    model: type[models.Model],
    alias: str,
    unique: tuple[str, ...],
    changes: tuple[str, ...],
    same: tuple[tuple[str, Any], ...],
) -> Any:
    rows = model._base_manager.filter(**{name: Given(model, name) for name in unique}, **dict(same))
    query: Any = rows.query.chain(UpdateQuery)
    values = {name: Given(model, name) for name in changes}
    query.add_update_values({"version": F("version") + 1, **values})
    return query.get_compiler(alias).as_sql()


def lock_all(model: type[M], pks: Iterable[Any]) -> dict[Any, M]:
    """Lock several rows in the order of their keys, and return those that are there, by key.

    Nothing is read before all are locked, so that what is read then is of one moment.
    """
    rows = model._base_manager.using(router.db_for_write(model))
    for pk in sorted(wanted := set(pks)):
        rows.filter(pk=pk).update(version=F("version") + 1)
    return {row.pk: row for row in rows.filter(pk__in=wanted)}


@overload
def in_transaction(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def in_transaction(*, durable: bool) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def in_transaction(function: Callable[..., Any] | None = None, /, *, durable: bool = True) -> Any:
    """Run a function in a transaction of its own, and again if the database asks for it.

    The whole transaction is what is retried, so the function must not speak to Stripe in it. With
    ``durable=False`` it may also be a part of somebody else's transaction, who then retries.
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
                if attempt == attempts or not _is_passing(error):
                    raise
                # Jitter, so that those who collided do not meet again.
                time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.01 * 2**attempt)))  # noqa: S311

    return run


def savepoint() -> transaction.Atomic:
    """A part of a transaction that can fail by itself."""
    return transaction.atomic(using=_alias())


def is_transaction_open() -> bool:
    """Whether a transaction is open that is not the wrapping of a test case."""
    blocks = getattr(connections[_alias()], "atomic_blocks", [])
    return bool(blocks) and not getattr(blocks[-1], "_from_testcase", False)


def after_commit(function: Callable[[], Any]) -> None:
    """Call ``function``, which opens transactions of its own: now, or once the open one is over."""
    if is_transaction_open():
        transaction.on_commit(function, using=_alias())
    else:
        function()


def _alias() -> str:
    return router.db_for_write(apps.get_model("stripe_cart", "Order"))


def _is_passing(error: DatabaseError) -> bool:
    """Whether the same transaction may well succeed when it is run again."""
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in SQLSTATES:
        return True
    code = cause.args[0] if cause is not None and cause.args else None
    return code in MYSQL_CODES or "database is locked" in str(error)
