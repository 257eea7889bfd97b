"""Databases that would lose something, or keep shoppers waiting."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.checks import CheckMessage
from django.db import connections, router

from django_stripe_cart.checks.registry import checked, database_checked, mistake
from django_stripe_cart.models import Order

# Stripe's money and our stock move in transactions that see what is committed, and nothing else.
ISOLATION = {"read committed", "repeatable read"}
TRANSACTIONAL = {"innodb", "rocksdb", "ndbcluster", ""}  # the last: there is no table yet
ROLLBACK_JOURNALS = {"delete", "truncate", "persist"}

SQLITE_LOCKED = mistake(
    "W007",
    "The SQLite database %(alias)r will often be found locked under load.",
    hint='OPTIONS: {"transaction_mode": "IMMEDIATE", "timeout": 20, '
    '"init_command": "PRAGMA journal_mode=WAL"}.',
)
STRANGE_ISOLATION = mistake(
    "W023",
    "The MariaDB/MySQL database %(alias)r runs at %(level)r, at which the shop was never tried.",
    hint='OPTIONS: {"isolation_level": "read committed"}, Django\'s default.',
)
NO_TRANSACTIONS = mistake(
    "W024",
    "The tables of the shop in %(alias)r are of the engine %(engine)s, without transactions: "
    "stock and orders can come apart.",
    hint="ALTER TABLE … ENGINE=InnoDB, and make that the server's default_storage_engine.",
)
SQLITE_WAITS = mistake(
    "W025",
    "In the SQLite database %(alias)r, whoever reads keeps others from writing.",
    hint='OPTIONS: {"init_command": "PRAGMA journal_mode=WAL"}.',
)


@checked
def options() -> Iterable[CheckMessage]:
    for alias, database in settings.DATABASES.items():
        engine, options = str(database.get("ENGINE", "")), database.get("OPTIONS") or {}
        if engine.endswith("sqlite3"):
            # A project that was just started has SQLite as it comes, and one developer.
            is_ready = str(options.get("transaction_mode")).upper() == "IMMEDIATE"
            if not is_ready and not settings.DEBUG:
                yield SQLITE_LOCKED(alias=alias)
        elif engine.endswith("mysql"):
            level = str(options.get("isolation_level") or "read committed").lower()
            if level not in ISOLATION:
                yield STRANGE_ISOLATION(alias=alias, level=level)


@database_checked
def storage(alias: str) -> Iterable[CheckMessage]:
    if alias != router.db_for_write(Order):
        return
    vendor = connections[alias].vendor
    if vendor == "mysql":
        engine = _ask(alias, ENGINE_OF, Order._meta.db_table)
        if engine.lower() not in TRANSACTIONAL:
            yield NO_TRANSACTIONS(alias=alias, engine=engine)
    if vendor == "sqlite" and _ask(alias, "PRAGMA journal_mode") in ROLLBACK_JOURNALS:
        yield SQLITE_WAITS(alias=alias)


ENGINE_OF = """
    SELECT engine FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name = %s
"""


def _ask(alias: str, question: str, *words: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute(question, words)
        row = cursor.fetchone()
    return str(row[0]) if row else ""
