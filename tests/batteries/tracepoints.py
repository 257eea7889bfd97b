"""Named tracepoints of an action: moments at which its process can die or another actor can run.

They are placed around each write to the database, each commit and each request to Stripe, without
changing the code under test. Between two tracepoints no effect is visible to other processes.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import connection

from django_stripe_cart.testing.refund_log import is_unasked_refund

if TYPE_CHECKING:
    import stripe

OnPoint = Callable[[str], None]

WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b[^`\"]*[`\"](?:stripe_cart_|django_)?(\w+)[`\"]")
STRIPE_ID = re.compile(r"/(?:cs|pi|re|ch|evt|we|du)_\w+")

_local = threading.local()


@contextmanager
def traced(on_point: OnPoint) -> Iterator[None]:
    """Call ``on_point`` with the name of each tracepoint that this thread reaches."""
    commit = connection.commit
    written: list[str] = []

    def trace_statement(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        write = WRITE.match(sql)
        if write is None:
            return execute(sql, *rest)
        name = f"{write[1]} {write[2]}"
        on_point(f"before {name}")
        answer = execute(sql, *rest)
        if connection.in_atomic_block:
            written.append(write[2])
        else:
            on_point(f"after {name}")
        return answer

    def trace_commit() -> None:
        name = f"COMMIT of {', '.join(dict.fromkeys(written))}"
        has_writes = bool(written)
        written.clear()
        if has_writes:
            on_point(f"before {name}")
        commit()
        if has_writes:
            on_point(f"after {name}")

    _local.on_point = on_point
    connection.commit = trace_commit
    try:
        with connection.execute_wrapper(trace_statement):
            yield
    finally:
        connection.commit = commit
        _local.on_point = None


def trace_requests(client: stripe.HTTPClient) -> stripe.HTTPClient:
    """Make each request of ``client`` a tracepoint of the thread that sends it.

    A request within a transaction fails, independently of the gateway's own guard, and so does a
    refund that was not asked for in the call that sends it.
    """
    send = client.request

    def request(method: str, url: str, headers: Any, *rest: Any, **options: Any) -> Any:
        assert not connection.in_atomic_block, f"{method} {url} within a transaction."
        assert not is_unasked_refund(method, url, headers), "Nobody asked for this refund."
        name = f"{method.upper()} {STRIPE_ID.sub('/…', urlsplit(url).path)}"
        _call_on_point(f"before {name}")
        answer = send(method, url, headers, *rest, **options)
        _call_on_point(f"after {name}")
        return answer

    client.request = request
    return client


def _call_on_point(name: str) -> None:
    on_point = getattr(_local, "on_point", None)
    if on_point is not None:
        on_point(name)
