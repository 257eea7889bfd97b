"""Database options that risk lost data, failed writes or long waits."""

from __future__ import annotations

from collections.abc import Iterable

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


ENGINE_QUERY = """
    SELECT engine FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name = %s
"""


def _fetch_text(alias: str, query: str, *params: str) -> str:
    """Run a query, and return its first value as text; an empty string if there is no value."""
    with connections[alias].cursor() as cursor:
        cursor.execute(query, params)
        row = cursor.fetchone()
    return str(row[0]) if row else ""
