"""Database checks: by settings, and by a query when the database is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.db import connections
from django.test import override_settings

from tests.checks.messages import check_messages, message_ids

pytestmark = pytest.mark.database


@pytest.mark.parametrize(
    ("database", "is_named"),
    [
        ({}, True),
        ({"OPTIONS": None}, True),
        ({"OPTIONS": {"timeout": 20}}, True),
        ({"OPTIONS": {"transaction_mode": None}}, True),
        ({"OPTIONS": {"transaction_mode": "EXCLUSIVE"}}, True),
        ({"OPTIONS": {"transaction_mode": "IMMEDIATE"}}, False),
        ({"OPTIONS": {"transaction_mode": "immediate"}}, False),
        ({"ENGINE": "django.db.backends.postgresql"}, False),
    ],
)
def test_an_sqlite_that_will_be_found_locked_is_reported(
    monkeypatch: pytest.MonkeyPatch, database: dict[str, Any], is_named: bool
) -> None:
    other = {"ENGINE": "django.db.backends.sqlite3", **database}
    monkeypatch.setattr(site, "DATABASES", {"default": site.DATABASES["default"], "other": other})

    messages = check_messages()

    assert [message.id for message in messages] == (["stripe_cart.W007"] if is_named else [])
    assert all("'other'" in message.msg and message.hint for message in messages)


@override_settings(DEBUG=True)
def test_a_developer_is_not_warned_of_load(monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite = {"ENGINE": "django.db.backends.sqlite3"}
    monkeypatch.setattr(site, "DATABASES", {"default": site.DATABASES["default"], "other": sqlite})

    assert "W007" not in message_ids()


@pytest.mark.parametrize(
    ("level", "is_named"),
    [
        (None, False),
        ("read committed", False),
        ("REPEATABLE READ", False),
        ("read uncommitted", True),
        ("serializable", True),
    ],
)
def test_a_mariadb_at_a_strange_isolation_is_reported(
    monkeypatch: pytest.MonkeyPatch, level: str | None, is_named: bool
) -> None:
    other = {"ENGINE": "django.db.backends.mysql", "OPTIONS": {"isolation_level": level}}
    monkeypatch.setattr(site, "DATABASES", {"default": site.DATABASES["default"], "other": other})

    assert message_ids() == (["W023"] if is_named else [])


def test_the_database_itself_is_asked_only_on_request() -> None:
    # The tests' own database takes all our advice.
    assert message_ids() == []
    assert check_messages(databases=["default"]) == []


@pytest.fixture
def second_database() -> Iterator[Callable[..., None]]:
    """Keep the shop in another database: ``elsewhere(NAME=…, OPTIONS=…)``."""

    def move(**changes: Any) -> None:
        there = {**connections["default"].settings_dict, "ATOMIC_REQUESTS": False, **changes}
        connections.settings["elsewhere"] = there
        connections["elsewhere"].connect()  # by itself it would not, in a test of "default"

    with override_settings(DATABASE_ROUTERS=["tests.checks.test_database.SecondDatabaseRouter"]):
        yield move
    connections["elsewhere"].close()
    del connections.settings["elsewhere"], connections["elsewhere"]


class SecondDatabaseRouter:
    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "elsewhere"


@pytest.mark.not_on("mysql", "postgresql")
@pytest.mark.parametrize(("journal", "numbers"), [("delete", ["W025"]), ("wal", [])])
def test_sqlite_without_wal_is_reported_for_a_named_database(
    second_database: Any, tmp_path: Path, journal: str, numbers: list[str]
) -> None:
    options = {"init_command": f"PRAGMA journal_mode={journal}", "transaction_mode": "IMMEDIATE"}
    second_database(NAME=str(tmp_path / "shop.sqlite3"), OPTIONS=options)

    messages = check_messages(databases=["default", "elsewhere"])

    assert [message.id for message in messages] == [f"stripe_cart.{number}" for number in numbers]


@pytest.mark.not_on("sqlite", "postgresql")
@pytest.mark.parametrize(("engine", "numbers"), [("MyISAM", ["W024"]), ("InnoDB", []), ("", [])])
def test_a_mariadb_without_transactions_is_named_when_it_is_asked(
    second_database: Any, engine: str, numbers: list[str]
) -> None:
    name = connections["default"].settings_dict["NAME"] + "_elsewhere"
    with connections["default"].cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        if engine:
            cursor.execute(f"CREATE TABLE {name}.stripe_cart_order (id int) ENGINE={engine}")

    try:
        second_database(NAME=name, OPTIONS={"init_command": "SET innodb_lock_wait_timeout=9"})
        messages = check_messages(databases=["default", "elsewhere"])
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name}")

    ids = [message.id for message in messages]
    assert ids == [f"stripe_cart.{number}" for number in numbers]


POSTGRES_LIMITS = [("0", "without a limit"), ("9s", None), ("10s", None), ("11s", "for 11 seconds")]


@pytest.mark.not_on("sqlite", "mysql")
@pytest.mark.parametrize(("limit", "words"), POSTGRES_LIMITS)
def test_a_postgres_that_waits_long_for_a_row_is_reported(
    second_database: Any, limit: str, words: str | None
) -> None:
    name = connections["default"].settings_dict["NAME"]
    second_database(NAME=name, OPTIONS={"options": f"-c lock_timeout={limit}"})

    messages = check_messages(databases=["default", "elsewhere"])

    assert [message.id for message in messages] == (["stripe_cart.W027"] if words else [])
    assert all(f"wait for a locked row {words};" in message.msg for message in messages)


@pytest.mark.not_on("sqlite", "postgresql")
@pytest.mark.parametrize(("seconds", "is_named"), [(1, False), (10, False), (50, True)])
def test_a_mariadb_that_waits_long_for_a_row_is_reported(
    second_database: Any, seconds: int, is_named: bool
) -> None:
    name = connections["default"].settings_dict["NAME"]
    command = f"SET innodb_lock_wait_timeout={seconds}"
    second_database(NAME=name, OPTIONS={"init_command": command})

    messages = check_messages(databases=["default", "elsewhere"])

    assert [message.id for message in messages] == (["stripe_cart.W028"] if is_named else [])
    assert all("wait for a locked row for 50 seconds;" in message.msg for message in messages)
