"""Run every operation of one candidate: ``python -m benchmarks.operations (count|mark)``.

``count`` prints statements, bytes and calls to Stripe as JSON. Under callgrind, ``mark`` has the
instructions counted, of each operation or of those that are named after it, in the same order.
``CANDIDATE`` names the candidate.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks import crowd, stub  # noqa: E402
from benchmarks.callgrind import mark  # noqa: E402
from benchmarks.visitor import Visitor, ask  # noqa: E402

TIMES = 3  # requests that are counted
WARM = 2  # and before them, that fill the caches
PRODUCTS = 60
UNIT = 1990
CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")

candidate: Any = settings.CANDIDATE
Request = Callable[[], tuple[int, bytes]]
Operation = tuple[str, list[Request]]


class Shop:
    """The same data for every candidate, and its operations in the order of a purchase."""

    def __init__(self) -> None:
        crowd.make("migrate")
        candidate.connect()
        self.app = WSGIHandler()
        self.products = candidate.make_products(PRODUCTS, None)
        self.names = iter(range(10**6))

    def operations(self) -> Iterator[Operation]:
        """Those of which the candidate has the pages."""
        paths = candidate.PATHS
        if "storefront" in paths:
            yield f"storefront, 12 of {PRODUCTS} products", self._one_visitor([], "storefront")
        if "add" in paths:
            yield "add to cart, new line", self._new_lines()
            yield "add to cart, same line", self._same_line()
        if "cart" in paths:
            for lines in (1, 10, 50):
                yield f"cart, {lines} lines", self._one_visitor(self.products[:lines], "cart")
        if "checkout" in paths:
            for lines in (3, 50):
                yield f"begin checkout, {lines} lines", self._checkouts(lines)
        if "webhook" in paths:
            yield from self._webhooks()
        if "orders" in paths:
            for count in (10, 1000):
                yield f"My Orders, {count:,} past orders", self._my_orders(count)
            yield "order page, 3 lines", self._order_page()
        if "storefront" in paths:
            candidate.make_products(1000 - PRODUCTS, None, first=PRODUCTS)
            yield "storefront, 12 of 1,000 products", self._one_visitor([], "storefront")
            if hasattr(candidate, "crowd_products"):
                yield from self._crowded()
        if hasattr(candidate, "sandbox_payment"):
            yield "sandbox, create and pay", [candidate.sandbox_payment()] * (WARM + TIMES)

    def _crowded(self) -> Iterator[Operation]:
        """The same among so many that what is not found by an index shows."""
        crowd.make("crowd_products", 99_000)
        yield "storefront, 12 of 100,000 products", self._one_visitor([], "storefront")
        yield "webhook paid, among 1,000 orders", self._payments()
        visitor = self._visitor([])
        crowd.make("crowd_orders", 100_000, visitor.user.pk)
        path = candidate.PATHS["orders"]
        yield "My Orders, 100,000 past orders", [lambda: visitor.get(path)] * (WARM + TIMES)
        crowd.make("crowd_orders", 899_000, self._visitor([]).user.pk)
        yield "webhook paid, among 1,000,000 orders", self._payments()

    def _visitor(self, lines: list[Any]) -> Visitor:
        visitor = Visitor(self.app, f"visitor-{next(self.names)}")
        if lines:
            candidate.fill_cart(visitor, lines)
        return visitor

    def _one_visitor(self, lines: list[Any], page: str) -> list[Request]:
        visitor = self._visitor(lines)
        return [lambda: visitor.get(candidate.PATHS[page])] * (WARM + TIMES)

    def _new_lines(self) -> list[Request]:
        visitor = self._visitor(self.products[:1])
        return [_adding(visitor, p) for p in self.products[1 : 1 + WARM + TIMES]]

    def _same_line(self) -> list[Request]:
        visitor = self._visitor(self.products[:3])
        return [_adding(visitor, self.products[0])] * (WARM + TIMES)

    def _checkouts(self, lines: int) -> list[Request]:
        return [self._checkout(lines) for _n in range(WARM + TIMES)]

    def _checkout(self, lines: int) -> Request:
        visitor = self._visitor(self.products[:lines])
        data = candidate.fingerprint(visitor.user)
        return lambda: visitor.post(candidate.PATHS["checkout"], **data)

    def _webhooks(self) -> Iterator[Operation]:
        deliveries = self._payments()
        yield "webhook paid, 3 lines", deliveries
        yield "webhook duplicate", deliveries

    def _payments(self) -> list[Request]:
        stub.sessions.clear()
        for _number in range(WARM + TIMES):
            self._make_session()
        return [_delivery(self.app, session, 3) for session in stub.sessions]

    def _make_session(self) -> None:
        if hasattr(candidate, "make_session"):
            candidate.make_session(self._visitor([]), self.products[:3])
        else:
            self._checkout(3)()

    def _my_orders(self, count: int) -> list[Request]:
        visitor = self._visitor([])
        crowd.make("make_past_orders", count, visitor.user.pk)
        return [lambda: visitor.get(candidate.PATHS["orders"])] * (WARM + TIMES)

    def _order_page(self) -> list[Request]:
        visitor = self._visitor([])
        path = candidate.PATHS["order"].format(self._make_order(visitor))
        return [lambda: visitor.get(path)] * (WARM + TIMES)

    def _make_order(self, visitor: Visitor) -> str:
        """Return what the address of a paid order ends with."""
        if hasattr(candidate, "make_order"):
            return str(candidate.make_order(visitor, self.products[:3]))
        candidate.fill_cart(visitor, self.products[:3])
        stub.sessions.clear()
        visitor.post(candidate.PATHS["checkout"], **candidate.fingerprint(visitor.user))
        _delivery(self.app, stub.sessions[0], 3)()
        return str(stub.sessions[0]["client_reference_id"])


def _adding(visitor: Visitor, product: Any) -> Request:
    path = candidate.PATHS["add"].format(product.pk)
    return lambda: visitor.post(path, product=product.pk, quantity=1)


def _delivery(app: WSGIHandler, session: dict[str, Any], lines: int) -> Request:
    body, signature = stub.completed(session, lines * UNIT)
    return lambda: ask(
        app,
        "POST",
        candidate.PATHS["webhook"],
        body,
        "application/json",
        HTTP_STRIPE_SIGNATURE=signature,
    )


def count(requests: list[Request]) -> dict[str, int]:
    """What one request of them costs; all that are counted cost the same."""
    for request in requests[:-1]:
        _succeed(request)
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    calls = len(stub.asked)
    with connection.execute_wrapper(note):
        size = _succeed(requests[-1])
    own = [sql for sql in statements if not sql.startswith(CONTROL)]
    return {"statements": len(own), "bytes": size, "calls": len(stub.asked) - calls}


def count_instructions(requests: list[Request]) -> None:
    for request in requests[:WARM]:
        _succeed(request)
    gc.collect()
    mark()
    answers = [request() for request in requests[WARM:]]
    mark()
    if any(status >= 400 for status, _content in answers):
        raise RuntimeError(f"An answer was no success: {answers}")


def _succeed(request: Request) -> int:
    status, content = request()
    if status >= 400:
        raise RuntimeError(f"{status}: {content[:500]!r}")
    return len(content)


def main(mode: str, *chosen: str) -> None:
    gc.disable()  # it would come by at other moments in every run
    try:
        shop = Shop()
        if mode == "mark":
            left = set(chosen)
            for name, requests in shop.operations():
                if not chosen or name in chosen:
                    count_instructions(requests)
                left.discard(name)
                if chosen and not left:
                    break
        else:
            print(json.dumps({name: count(rs) for name, rs in shop.operations()}))  # noqa: T201
    finally:
        if connection.vendor == "sqlite":
            connection.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(settings.DATABASES["default"]["NAME"])


if __name__ == "__main__":
    main(*sys.argv[1:])
