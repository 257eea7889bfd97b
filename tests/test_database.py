"""The lock and the retry, by themselves and between real connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest.mock import patch

import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from django_stripe_cart.database import (
    ATTEMPTS,
    MAX_DELAY,
    in_transaction,
    increment,
    is_transaction_open,
    lock,
    lock_without_reading,
    retry,
    savepoint,
)
from django_stripe_cart.exceptions import OrderClosed
from django_stripe_cart.models import Cart, Order
from django_stripe_cart.testing.factories import CartFactory, OrderFactory

pytestmark = pytest.mark.database

on_real_connections = pytest.mark.django_db(transaction=True)
several_writers = pytest.mark.not_on("sqlite")  # it lets in one writer at a time


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the retries would have slept, in seconds."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture
def order(db: None) -> Order:
    return OrderFactory(total=0)


class DriverError(Exception):
    """What a database driver raises below Django."""

    sqlstate: str | None = None


def postgres_says(sqlstate: str) -> DatabaseError:
    cause = DriverError("a message in the server's language")
    cause.sqlstate = sqlstate
    return caused_by(cause)


def mysql_says(code: int) -> DatabaseError:
    return caused_by(DriverError(code, "a message in the server's language"))


def sqlite_says(message: str) -> DatabaseError:
    return caused_by(DriverError(message), message)


def caused_by(cause: Exception, message: str = "") -> DatabaseError:
    error = OperationalError(message)
    error.__cause__ = cause
    return error


def failing(*errors: Exception) -> tuple[Callable[[], str], list[int]]:
    """A transaction that meets one error after the other, and what it did in each of its runs."""
    runs: list[int] = []
    left = iter(errors)

    @in_transaction
    def run() -> str:
        CartFactory(token=f"run {len(runs)}")
        runs.append(Cart.objects.count())
        for error in left:
            raise error
        return "done"

    return run, runs


PASSING = [
    pytest.param(lambda: postgres_says("40001"), id="serialization"),
    pytest.param(lambda: postgres_says("40P01"), id="deadlock"),
    pytest.param(lambda: postgres_says("55P03"), id="no lock"),
    pytest.param(lambda: mysql_says(1213), id="mysql deadlock"),
    pytest.param(lambda: mysql_says(1205), id="mysql lock wait"),
    pytest.param(lambda: mysql_says(1020), id="mariadb changed since read"),
    pytest.param(lambda: sqlite_says("database is locked"), id="sqlite locked"),
]
LASTING = [
    pytest.param(lambda: postgres_says("23505"), id="unique"),
    pytest.param(lambda: postgres_says("57014"), id="canceled"),
    pytest.param(lambda: mysql_says(1062), id="mysql duplicate"),
    pytest.param(lambda: sqlite_says("no such table: cart"), id="sqlite table"),
    pytest.param(lambda: OperationalError("server has gone away"), id="without a cause"),
    pytest.param(lambda: caused_by(DriverError()), id="cause that says nothing"),
    pytest.param(lambda: IntegrityError("constraint"), id="integrity"),
    pytest.param(lambda: ValueError("database is locked"), id="not of the database"),
]


# --- the lock -------------------------------------------------------------------------------


def test_the_lock_returns_the_row_as_it_is_now(order: Order) -> None:
    Order.objects.update(total=500)

    locked = lock(Order, order.pk)

    assert locked == order
    assert locked is not order
    assert locked.total == 500


def test_the_lock_is_a_write_to_its_own_row(order: Order) -> None:
    other = OrderFactory(total=0)

    versions = [lock(Order, order.pk).version, lock(Order, order.pk).version]

    assert versions == [1, 2]
    assert Order.objects.get(pk=other.pk).version == 0


def test_the_lock_writes_before_it_reads(order: Order) -> None:
    statements = []

    def listen(execute: Callable[..., object], sql: str, *args: object) -> object:
        statements.append(sql.split()[0])
        return execute(sql, *args)

    with connection.execute_wrapper(listen):
        lock(Order, order.pk)

    assert statements == ["UPDATE", "SELECT"]


def test_a_row_can_be_locked_without_being_read(
    order: Order, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        lock_without_reading(Order, order.pk)

    assert Order.objects.get(pk=order.pk).version == 1


def test_a_row_is_counted_up_and_changed_in_one_statement(
    order: Order, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = OrderFactory(total=0)
    moment = timezone.now().replace(microsecond=0)
    unique = {"reference": order.reference}

    with django_assert_num_queries(1):
        was_there = increment(Order, "version", unique, user=None, synced_at=moment)

    assert was_there
    found = Order.objects.get(pk=order.pk)
    assert (found.version, found.user, found.synced_at) == (1, None, moment)
    assert Order.objects.get(pk=other.pk).version == 0


def test_what_is_not_there_is_not_counted_up(order: Order) -> None:
    assert not increment(Order, "version", {"pk": order.pk + 1})

    assert Order.objects.get().version == 0


@pytest.mark.parametrize("verb", [lock, lock_without_reading])
def test_a_row_that_is_gone_cannot_be_locked(db: None, verb: Callable[..., object]) -> None:
    with pytest.raises(Order.DoesNotExist):
        verb(Order, 1)


def test_an_open_transaction_is_noticed_without_djangos_private_attribute(
    transactional_db: None,
) -> None:
    wrapper = connections["default"]

    def ask_without() -> bool:
        with patch.object(wrapper, "atomic_blocks", None):
            return is_transaction_open()

    before = ask_without()
    with transaction.atomic():
        inside = ask_without()

    assert (before, inside) == (False, True)


# --- the retry ------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("error", PASSING)
def test_a_transaction_is_run_again_if_the_database_asks_for_it(
    error: Callable[[], Exception], pauses: list[float]
) -> None:
    run, runs = failing(error(), error())

    assert run() == "done"

    # Each run found the database as it was before: the whole transaction is what is run again.
    assert runs == [1, 1, 1]
    assert Cart.objects.get().token == "run 2"
    assert len(pauses) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("error", LASTING)
def test_an_error_that_will_not_pass_is_raised_at_once(
    error: Callable[[], Exception], pauses: list[float]
) -> None:
    raised = error()
    run, runs = failing(raised)

    with pytest.raises(type(raised)) as caught:
        run()

    assert caught.value is raised
    assert (runs, pauses) == ([1], [])
    assert not Cart.objects.exists()


@pytest.mark.django_db
def test_a_transaction_that_never_succeeds_is_given_up(pauses: list[float]) -> None:
    last = mysql_says(1213)
    run, runs = failing(*[mysql_says(1213) for _ in range(ATTEMPTS - 1)], last)

    with pytest.raises(OperationalError) as caught:
        run()

    assert caught.value is last
    assert len(runs) == ATTEMPTS
    assert len(pauses) == ATTEMPTS - 1
    assert all(0 <= pause <= MAX_DELAY for pause in pauses)
    assert len(set(pauses)) > 1


def test_a_function_is_retried_until_it_succeeds() -> None:
    outcomes = iter([KeyError(), IndexError(), None])

    @retry(KeyError, IndexError, times=3, then_raise=OrderClosed)
    def run(answer: str) -> str:
        """Its docstring."""
        error = next(outcomes)
        if error is not None:
            raise error
        return answer

    assert run("done") == "done"
    assert (run.__name__, run.__doc__) == ("run", "Its docstring.")


def test_a_function_that_always_fails_raises_the_given_error_at_the_end() -> None:
    calls: list[int] = []

    @retry(KeyError, times=3, then_raise=OrderClosed)
    def run() -> None:
        calls.append(len(calls))
        raise KeyError

    with pytest.raises(OrderClosed) as caught:
        run()

    assert isinstance(caught.value.__cause__, KeyError)
    assert calls == [0, 1, 2]


def test_an_error_that_is_not_listed_is_not_retried() -> None:
    calls: list[int] = []

    @retry(KeyError, times=3, then_raise=OrderClosed)
    def run() -> None:
        calls.append(len(calls))
        raise IndexError

    with pytest.raises(IndexError):
        run()

    assert calls == [0]


@pytest.mark.django_db
def test_a_verb_keeps_its_name_its_arguments_and_its_answer() -> None:
    @in_transaction
    def add(left: int, *, right: int) -> int:
        """Add."""
        return left + right

    assert add(1, right=2) == 3
    assert (add.__name__, add.__doc__) == ("add", "Add.")


# --- transactions of our own and of others --------------------------------------------------


@on_real_connections
def test_a_durable_function_refuses_to_run_inside_a_transaction() -> None:
    run, runs = failing()

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        run()

    assert runs == []


@on_real_connections
def test_a_nested_transaction_is_retried_by_the_outer_one(
    pauses: list[float],
) -> None:
    runs = []

    @in_transaction(durable=False)
    def run() -> None:
        runs.append(is_transaction_open())
        raise mysql_says(1213)

    with pytest.raises(OperationalError), transaction.atomic():
        run()

    assert (runs, pauses) == ([True], [])


@on_real_connections
def test_a_part_that_may_be_nested_is_retried_when_it_stands_alone(pauses: list[float]) -> None:
    errors = iter([mysql_says(1213)])

    @in_transaction(durable=False)
    def run() -> str:
        for error in errors:
            raise error
        return "done"

    assert run() == "done"
    assert len(pauses) == 1


@on_real_connections
def test_what_a_failed_transaction_wrote_is_gone() -> None:
    run, _ = failing(LookupError())

    with pytest.raises(LookupError):
        run()

    assert not Cart.objects.exists()
    assert not is_transaction_open()


@on_real_connections
def test_a_savepoint_fails_by_itself() -> None:
    @in_transaction
    def run() -> None:
        CartFactory(token="kept")
        with pytest.raises(IntegrityError), savepoint():
            CartFactory(token="kept")

    run()

    assert Cart.objects.get().token == "kept"


@on_real_connections
def test_an_open_transaction_is_noticed() -> None:
    seen = [is_transaction_open()]
    with transaction.atomic():
        seen.append(is_transaction_open())
        with transaction.atomic():
            seen.append(is_transaction_open())
    seen.append(is_transaction_open())

    assert seen == [False, True, True, False]


@pytest.mark.django_db
def test_the_wrapping_of_a_test_case_is_no_open_transaction() -> None:
    assert not is_transaction_open()

    with transaction.atomic():
        assert is_transaction_open()


# --- between real connections ---------------------------------------------------------------


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield pool


def on_own_connection(function: Callable[[], None]) -> Callable[[int], None]:
    def run(_number: int) -> None:
        try:
            function()
        finally:
            connection.close()

    return run


@on_real_connections
def test_nothing_is_lost_between_connections_that_count_under_the_lock(
    threads: ThreadPoolExecutor,
) -> None:
    pk = OrderFactory(total=0).pk

    @in_transaction
    def count() -> None:
        order = lock(Order, pk)
        time.sleep(0.001)  # long enough for another to have read the same
        order.total += 1
        order.save()

    list(threads.map(on_own_connection(count), range(40)))

    order = Order.objects.get(pk=pk)
    assert order.total == 40
    assert order.version >= 40


@on_real_connections
@several_writers
def test_two_that_wait_for_each_other_both_come_through(threads: ThreadPoolExecutor) -> None:
    pks = [OrderFactory(total=0).pk for _ in range(2)]
    both = Barrier(2, timeout=20)
    runs = []

    @in_transaction
    def count(first: int, second: int) -> None:
        runs.append(first)
        order = lock(Order, first)
        if len(runs) <= 2:
            both.wait()
        for each in (order, lock(Order, second)):
            each.total += 1
            each.save()

    list(threads.map(lambda pair: on_own_connection(lambda: count(*pair))(0), [pks, pks[::-1]]))

    assert set(Order.objects.values_list("total", flat=True)) == {2}
    assert len(runs) > 2
