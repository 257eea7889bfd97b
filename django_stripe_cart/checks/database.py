"""Database options that risk lost data, failed writes or long waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.checks import CheckMessage
from django.db import connections, router

from django_stripe_cart.checks.registry import (
    message,
    register_for_database,
    register_without_database,
)
from django_stripe_cart.models import Order

# Payments and stock are recorded in transactions that must see committed rows only.
TESTED_ISOLATION = {"read committed", "repeatable read"}
TRANSACTIONAL_ENGINES = {"innodb", "rocksdb", "ndbcluster", ""}  # "": the table does not exist yet
ROLLBACK_JOURNALS = {"delete", "truncate", "persist"}
# A request is ended after 28 seconds, but not while it waits for a row: only the database can.
MAX_LOCK_WAIT = timedelta(seconds=10)

SQLITE_LOCKED = message(
    "W007",
    "The SQLite database %(alias)r will often be locked under load.",
    hint='OPTIONS: {"transaction_mode": "IMMEDIATE", "timeout": 20, '
    '"init_command": "PRAGMA journal_mode=WAL"}.',
)
UNTESTED_ISOLATION = message(
    "W023",
    "The MariaDB/MySQL database %(alias)r uses the isolation level %(level)r, with which the shop "
    "is not tested.",
    hint='OPTIONS: {"isolation_level": "read committed"}, Django\'s default.',
)
NO_TRANSACTIONS = message(
    "W024",
    "The shop's tables in %(alias)r use the engine %(engine)s, which has no transactions: "
    "stock and orders can become inconsistent.",
    hint="Run ALTER TABLE … ENGINE=InnoDB, and make it the server's default_storage_engine.",
)
SQLITE_READERS_BLOCK = message(
    "W025",
    "In the SQLite database %(alias)r, readers block writers.",
    hint='OPTIONS: {"init_command": "PRAGMA journal_mode=WAL"}.',
)
POSTGRES_WAITS = message(
    "W027",
    "In the PostgreSQL database %(alias)r, requests wait for a locked row %(limit)s; web servers "
    "stop them after 30 seconds.",
    hint='OPTIONS: {"options": "-c lock_timeout=9s"}, or ALTER ROLE … SET lock_timeout = \'9s\'.',
)
MYSQL_WAITS = message(
    "W028",
    "In the MariaDB/MySQL database %(alias)r, requests wait for a locked row %(limit)s; web "
    "servers stop them after 30 seconds.",
    hint='OPTIONS: {"init_command": "SET innodb_lock_wait_timeout=9"}.',
)


@register_without_database
def check_connection_options() -> Iterable[CheckMessage]:
    """Check the OPTIONS of SQLite and MySQL databases in the settings."""
    for alias, database in settings.DATABASES.items():
        engine, options = str(database.get("ENGINE", "")), database.get("OPTIONS") or {}
        if engine.endswith("sqlite3"):
            # A new project has SQLite's defaults and one developer: no warning with DEBUG.
            is_ready = str(options.get("transaction_mode")).upper() == "IMMEDIATE"
            if not is_ready and not settings.DEBUG:
                yield SQLITE_LOCKED(alias=alias)
        elif engine.endswith("mysql"):
            level = str(options.get("isolation_level") or "read committed").lower()
            if level not in TESTED_ISOLATION:
                yield UNTESTED_ISOLATION(alias=alias, level=level)


@register_for_database
def check_storage_engine(alias: str) -> Iterable[CheckMessage]:
    """Check the engine of the shop's tables in MySQL, and the journal mode of SQLite."""
    if alias != router.db_for_write(Order):
        return
    vendor = connections[alias].vendor
    if vendor == "mysql":
        engine = _fetch_text(alias, ENGINE_QUERY, Order._meta.db_table)
        if engine.lower() not in TRANSACTIONAL_ENGINES:
            yield NO_TRANSACTIONS(alias=alias, engine=engine)
    if vendor == "sqlite" and _fetch_text(alias, "PRAGMA journal_mode") in ROLLBACK_JOURNALS:
        yield SQLITE_READERS_BLOCK(alias=alias)


@register_for_database
def check_lock_wait(alias: str) -> Iterable[CheckMessage]:
    """Check that PostgreSQL or MySQL ends the wait for a locked row within 10 seconds."""
    if alias != router.db_for_write(Order):
        return
    vendor = connections[alias].vendor
    if vendor == "postgresql":
        limit = timedelta(milliseconds=int(_fetch_text(alias, POSTGRES_LIMIT_QUERY)))
        if not timedelta(0) < limit <= MAX_LOCK_WAIT:
            yield POSTGRES_WAITS(alias=alias, limit=_describe_limit(limit))
    elif vendor == "mysql":
        limit = timedelta(seconds=int(_fetch_text(alias, "SELECT @@innodb_lock_wait_timeout")))
        if limit > MAX_LOCK_WAIT:
            yield MYSQL_WAITS(alias=alias, limit=_describe_limit(limit))


def _describe_limit(limit: timedelta) -> str:
    """Return in words how long a request waits. In PostgreSQL, 0 means that there is no limit."""
    return f"for {limit.total_seconds():g} seconds" if limit else "without a limit"


# Milliseconds, unlike SHOW lock_timeout, which chooses a unit.
POSTGRES_LIMIT_QUERY = "SELECT setting FROM pg_settings WHERE name = 'lock_timeout'"

ENGINE_QUERY = """
    SELECT engine FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name = %s
"""


def _fetch_text(alias: str, query: str, *params: str) -> str:
    """Run a query, and return its first value as text. Return "" if there is no value."""
    with connections[alias].cursor() as cursor:
        cursor.execute(query, params)
        row = cursor.fetchone()
    return str(row[0]) if row else ""
