"""The named points of an action: each moment at which a process can die, or another can come first.

They are found without a change to the code that is tried: on its way into the database, at each
commit, and on its way to Stripe. Between two of them nothing can be seen from outside.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import connection

if TYPE_CHECKING:
    import stripe

Reach = Callable[[str], None]

WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b[^`\"]*[`\"](?:stripe_cart_|django_)?(\w+)[`\"]")
AN_ID = re.compile(r"/(?:cs|pi|re|ch|evt|we|du)_\w+")

_here = threading.local()


@contextmanager
def watched(reach: Reach) -> Iterator[None]:
    """Have this thread call ``reach`` with the name of each point that it comes to."""
    commit = connection.commit
    written: list[str] = []

    def watch_statement(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        write = WRITE.match(sql)
        if write is None:
            return execute(sql, *rest)
        name = f"{write[1]} {write[2]}"
        reach(f"before {name}")
        answer = execute(sql, *rest)
        if connection.in_atomic_block:
            written.append(write[2])
        else:
            reach(f"after {name}")
        return answer

    def watch_commit() -> None:
        name = f"COMMIT of {', '.join(dict.fromkeys(written))}"
        is_news = bool(written)
        written.clear()
        if is_news:
            reach(f"before {name}")
        commit()
        if is_news:
            reach(f"after {name}")

    _here.reach = reach
    connection.commit = watch_commit
    try:
        with connection.execute_wrapper(watch_statement):
            yield
    finally:
        connection.commit = commit
        _here.reach = None


def watch_requests(client: stripe.HTTPClient) -> stripe.HTTPClient:
    """Make a client whose requests are points, for whichever thread is watched.

    No transaction may be open then, whatever the gateway's own guard thinks of it.
    """
    send = client.request

    def request(method: str, url: str, *rest: Any, **options: Any) -> Any:
        assert not connection.in_atomic_block, f"{method} {url} within a transaction."
        name = f"{method.upper()} {AN_ID.sub('/…', urlsplit(url).path)}"
        _reach(f"before {name}")
        answer = send(method, url, *rest, **options)
        _reach(f"after {name}")
        return answer

    client.request = request
    return client


def _reach(name: str) -> None:
    reach = getattr(_here, "reach", None)
    if reach is not None:
        reach(name)
