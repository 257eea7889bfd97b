"""Row locks and retried transactions that work on every database.

On SQLite, ``select_for_update`` does nothing, and a transaction that reads before it writes may
fail with "database is locked". An UPDATE as the first statement locks the row on every database.
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

from django_stripe_cart.deadlines import seconds_left
from django_stripe_cart.exceptions import ShopBusy

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)

ATTEMPTS = 8
MAX_DELAY = 1.0  # seconds

# It has its type here, so that Django does not derive the type for each statement.
ONE = Value(1, output_field=models.PositiveBigIntegerField())

# Serialization failure, deadlock, lock not available; MySQL: deadlock, lock wait, record changed.
SQLSTATES = frozenset({"40001", "40P01", "55P03"})
MYSQL_CODES = frozenset({1213, 1205, 1020})


def lock(model: type[M], pk: Any) -> M:
    """Lock the row with this primary key by an UPDATE, and return it freshly read.

    A transaction must lock a row before it reads the row, and must lock a cart before the cart's
    orders. Raises ``model.DoesNotExist``.
    """
    lock_without_reading(model, pk)
    return _rows(model).get(pk=pk)


def lock_without_reading(model: type[models.Model], pk: Any) -> None:
    """Lock the row with this primary key by an UPDATE. Raises ``model.DoesNotExist``."""
    lock_where(model, {"pk": pk})


def lock_where(model: type[models.Model], unique: Mapping[str, Any], **changes: Any) -> None:
    """Lock the row with the values in ``unique``, and write ``changes`` in the same UPDATE.

    ``unique`` and ``changes`` map field names to values. Raises ``model.DoesNotExist`` if there is
    no such row.
    """
    if not increment(model, "version", unique, **changes):
        raise model.DoesNotExist  # type: ignore[attr-defined]


def increment(
    model: type[models.Model], counter: str, where: Mapping[str, Any], **changes: Any
) -> bool:
    """Add 1 to the field ``counter`` and write ``changes``, in one UPDATE of the matching rows.

    ``where`` maps field names to the values that a row must have; None matches NULL. ``changes``
    maps field names to new values. Return whether a row was found.
    """
    # A JSON field compares None with JSON's null, so NULL is asked for by its own lookup.
    conditions = {
        f"{name}__isnull" if value is None else name: True if value is None else value
        for name, value in where.items()
    }
    changes[counter] = F(counter) + ONE
    return bool(_rows(model).filter(**conditions).update(**changes))


def lock_all(model: type[M], pks: Iterable[Any]) -> dict[Any, M]:
    """Lock the rows with these primary keys, and return a dict of primary keys to rows.

    The rows are locked in the order of their keys, and are read after all of them are locked. Rows
    that do not exist are left out.
    """
    for pk in sorted(wanted := set(pks)):
        increment(model, "version", {"pk": pk})
    return {row.pk: row for row in _rows(model).filter(pk__in=wanted)}


def _rows(model: type[M]) -> models.QuerySet[M]:
    """Return all rows of ``model`` from the database that is written to."""
    return model._base_manager.using(router.db_for_write(model))


@overload
def in_transaction(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def in_transaction(*, durable: bool) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def in_transaction(function: Callable[..., Any] | None = None, /, *, durable: bool = True) -> Any:
    """Decorate a function to run in a transaction, which is retried after a database conflict.

    The function may run several times, so it must not call Stripe. The decorated function raises
    ``ShopBusy`` if the deadline leaves no time to run again, and ``RuntimeError`` if a transaction
    is already open. With ``durable=False``, it joins an open transaction instead. Then only the
    code that opened the transaction can retry it.
    """
    if function is None:
        return functools.partial(in_transaction, durable=durable)

    @functools.wraps(function)
    def run_in_transaction(*args: Any, **kwargs: Any) -> Any:
        attempts = ATTEMPTS if durable or not is_transaction_open() else 1
        attempt = 0
        while True:
            attempt += 1
            began = time.monotonic()
            try:
                with transaction.atomic(using=_alias(), durable=durable):
                    return function(*args, **kwargs)
            except DatabaseError as error:
                if attempt == attempts or not is_retryable(error):
                    raise
                if seconds_left() < time.monotonic() - began:
                    raise ShopBusy from error
                # The delay is random, so that the same transactions do not collide again.
                time.sleep(random.uniform(0, min(MAX_DELAY, 0.01 * 2**attempt)))  # noqa: S311

    return run_in_transaction


def retry(
    *on: type[Exception], times: int, then_raise: type[Exception]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function to be called again if it raises one of the exceptions ``on``.

    Use it for functions that call Stripe between transactions. They raise one of ``on`` if another
    request has changed their rows. The function is called at most ``times`` times (int). If the
    last call raises one of ``on``, too, ``then_raise`` is raised.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call_with_retries(*args: P.args, **kwargs: P.kwargs) -> R:
            for _attempt in range(times - 1):
                with suppress(*on):
                    return function(*args, **kwargs)
            try:
                return function(*args, **kwargs)
            except on as error:
                raise then_raise from error

        return call_with_retries

    return decorate


def savepoint() -> transaction.Atomic:
    """Return a context manager for a savepoint in the open transaction.

    An exception in the block rolls back only the block.
    """
    return transaction.atomic(using=_alias())


def is_transaction_open() -> bool:
    """Return whether a transaction is open. The transactions of ``TestCase`` do not count."""
    # Both attributes are private API: without them, no function of this app that opens a
    # transaction could be tested in a TestCase. atomic(durable=True) reads them, too.
    blocks = getattr(connections[_alias()], "atomic_blocks", None)
    if blocks is None:
        return not transaction.get_autocommit(using=_alias())
    return bool(blocks) and not getattr(blocks[-1], "_from_testcase", False)


def after_commit(function: Callable[[], Any]) -> None:
    """Call ``function`` after the open transaction is committed, or now if none is open.

    The function may open transactions.
    """
    if is_transaction_open():
        transaction.on_commit(function, using=_alias())
    else:
        function()


def _alias() -> str:
    """Return the alias of the database to which orders are written."""
    return router.db_for_write(apps.get_model("stripe_cart", "Order"))


def is_retryable(error: Exception) -> bool:
    """Return whether a transaction that failed with ``error`` may succeed if it is run again."""
    if not isinstance(error, DatabaseError):
        return False
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in SQLSTATES:
        return True
    code = cause.args[0] if cause is not None and cause.args else None
    return code in MYSQL_CODES or "database is locked" in str(error)
