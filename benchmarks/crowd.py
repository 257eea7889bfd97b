"""What is made before anything is counted: tables, and rows by the hundred thousand by SQL alone.

It is made in a process of its own, because callgrind slows down the one that it counts fifty times.
"""

from __future__ import annotations

import os
import subprocess
import sys

from django.db import connection, models

NUMBERS = {
    "sqlite": "WITH RECURSIVE r(n) AS (SELECT {0} UNION ALL SELECT n + 1 FROM r WHERE n < {1})"
    " SELECT n FROM r",
    "mysql": "SELECT seq AS n FROM seq_{0}_to_{1}",
    "postgresql": "SELECT n FROM generate_series({0}, {1}) AS s(n)",
}
UUID = {
    "sqlite": "printf('%032x', n)",
    "mysql": "lpad(hex(n), 32, '0')",
    "postgresql": "lpad(to_hex(n), 32, '0')::uuid",
}
# Padded, so that indexes grow at their end, which is much faster.
TEXT = {
    "sqlite": "printf('{0}%09d', n)",
    "mysql": "concat('{0}', lpad(n, 9, '0'))",
    "postgresql": "'{0}' || lpad(n::text, 9, '0')",
}
MOMENT = {
    "sqlite": "datetime('2020-01-01', n || ' seconds')",
    "mysql": "'2020-01-01' + INTERVAL n SECOND",
    "postgresql": "timestamptz '2020-01-01' + n * interval '1 second'",
}
ANALYZE = {"mysql": "ANALYZE TABLE {0}", "postgresql": "ANALYZE {0}"}


def numbers(count: int, *, after: int) -> str:
    """SQL for so many n that come after one."""
    return NUMBERS[connection.vendor].format(after + 1, after + count)


def uuid() -> str:
    """SQL for a UUID made of n."""
    return UUID[connection.vendor]


def text(prefix: str) -> str:
    """SQL for a text made of n."""
    return TEXT[connection.vendor].format(prefix)


def moment() -> str:
    """SQL for a time made of n: orders that were placed at once would have to be sorted."""
    return MOMENT[connection.vendor]


def multiply(model: type[models.Model], rows: str, **columns: str) -> None:
    """Copy the last row of ``model`` for every n of ``rows``, with ``columns`` of SQL its own."""
    pk = model._default_manager.order_by("-pk").values_list("pk", flat=True)[0]
    names = [field.column for field in model._meta.local_fields if not field.primary_key]
    values = [columns.get(name, f"t.{name}") for name in names]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute("SET unique_checks = 0, foreign_key_checks = 0")
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)})"  # noqa: S608
            f" SELECT {', '.join(values)} FROM {table} t, ({rows}) numbers WHERE t.id = {pk}"
        )
        # Servers do so by themselves, but not at once; nobody does for SQLite.
        if connection.vendor != "sqlite":
            cursor.execute(ANALYZE[connection.vendor].format(table))


def make(what: str, *arguments: int) -> None:
    """Run a function of the candidate's, or ``migrate``, in another process."""
    command = [sys.executable, "-m", "benchmarks.crowd", what, *map(str, arguments)]
    subprocess.run(command, check=True)  # noqa: S603


def main(what: str, *arguments: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    if what == "migrate":
        call_command("migrate", verbosity=0)
        # Those without migrations refer to users, which MariaDB wants to be there before.
        call_command("migrate", verbosity=0, run_syncdb=True)
    else:
        getattr(settings.CANDIDATE, what)(*map(int, arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
