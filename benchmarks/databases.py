"""Databases that are made for a benchmark, and dropped after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit

SERVERS = {
    "MariaDB": os.environ.get("TEST_MARIADB_URL", "mysql://root@127.0.0.1:3306/stripe_cart"),
    "PostgreSQL": os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/x"),
}
_numbers = count(1)


def found() -> Iterator[tuple[str, str]]:
    """The names and addresses of those that can be reached."""
    yield "SQLite", "sqlite"
    for name, url in SERVERS.items():
        try:
            _run(url, "SELECT 1")
        except Exception as error:
            print(f"{name} is left out: {error}")  # noqa: T201
        else:
            yield name, url


@contextmanager
def made(url: str) -> Iterator[str]:
    """Make an empty database where ``url`` points to, and yield its address."""
    name = f"bench_{os.getpid()}_{next(_numbers)}"
    if url == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/{name}.sqlite3"
        return
    _run(url, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        _run(url, f"DROP DATABASE {name}")


def _run(url: str, sql: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "mysql":
        import MySQLdb

        port, password = parts.port or 3306, parts.password or ""
        server = MySQLdb.connect(
            host=parts.hostname, port=port, user=parts.username, password=password
        )
        server.cursor().execute(sql)
    else:
        import psycopg

        address = parts._replace(path="/postgres").geturl()
        server = psycopg.connect(address, autocommit=True)
        server.execute(sql)
    server.close()
