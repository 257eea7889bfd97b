"""The one lock and the one retry: how a critical transaction begins, and how it is run again.

``select_for_update`` does nothing on SQLite, and a transaction there that reads before it writes
dies with "database is locked". A write as the first statement locks the row on every database.
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

from django_stripe_cart.prepared import sought

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
    # By hand for the same reason as in count_up.
    alias = router.db_for_write(model)
    quote = connections[alias].ops.quote_name
    meta: Any = model._meta
    row = f"SELECT * FROM {quote(meta.db_table)} WHERE {quote(meta.pk.column)} = %s"  # noqa: S608
    return model._base_manager.using(alias).raw(row, [pk])[0]


def hold(model: type[models.Model], pk: Any) -> None:
    """Lock a row as ``lock`` does, without reading it. Raises ``model.DoesNotExist``."""
    hold_by(model, {"pk": pk})


def hold_by(model: type[models.Model], unique: Mapping[str, Any], **changes: Any) -> None:
    """Lock the row that has these ``unique`` values, and make ``changes`` in the same statement."""
    if not count_up(model, "version", unique, **changes):
        raise model.DoesNotExist  # type: ignore[attr-defined]


def count_up(
    model: type[models.Model], counter: str, where: Mapping[str, Any], **changes: Any
) -> bool:
    """Add one to ``counter`` in the row that has the values in ``where``, and make ``changes``.

    Returns whether there is such a row. Rows that it refers to are named by their keys.
    """
    # By hand: Django takes nearly ten times as many instructions, most of them to compose the same
    # statement anew, and every critical transaction begins with one.
    alias = router.db_for_write(model)
    connection = connections[alias]
    quote = connection.ops.quote_name
    meta: Any = model._meta

    def get_field(name: str) -> Any:
        return meta.pk if name == "pk" else meta.get_field(name)

    number = quote(get_field(counter).column)
    sets, terms, params = [f"{number} = {number} + 1"], [], []
    for name, value in changes.items():
        sets.append(f"{quote(get_field(name).column)} = %s")
        params.append(get_field(name).get_db_prep_save(value, connection))
    for name, value in where.items():
        column = quote(get_field(name).column)
        terms.append(f"{column} IS NULL" if value is None else f"{column} = %s")
        if value is not None:
            params.append(sought(get_field(name), value, connection))
    table = quote(meta.db_table)
    sql = f"UPDATE {table} SET {', '.join(sets)} WHERE {' AND '.join(terms)}"  # noqa: S608
    with transaction.mark_for_rollback_on_error(alias), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return bool(cursor.rowcount)


def lock_all(model: type[M], pks: Iterable[Any]) -> dict[Any, M]:
    """Lock several rows in the order of their keys, and return those that are there, by key.

    Nothing is read before all are locked, so that what is read then is of one moment.
    """
    for pk in sorted(wanted := set(pks)):
        count_up(model, "version", {"pk": pk})
    rows = model._base_manager.using(router.db_for_write(model))
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
