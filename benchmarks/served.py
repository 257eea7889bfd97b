"""The shop of one candidate behind gunicorn, and what its visitors will ask.

``python -m benchmarks.served ROUNDS ORDERS`` fills its database, among so many other orders, and
prints the requests of as many rounds as JSON. Without that, it is the WSGI application.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.operations import Shop, WSGIHandler, candidate, crowd, stub
from benchmarks.visitor import TOKEN, Visitor

PER_ROUND = 100  # requests of each operation
LINES = 3

application = WSGIHandler()
candidate.connect()


def prepare(rounds: int, orders: int) -> dict[str, Any]:
    shop = Shop()
    if orders:
        Visitor(shop.app, "another")
        shop._checkout(LINES)()
        crowd.make("crowd_orders", orders, 1)
    shop.products[0].__class__.objects.filter(pk=shop.products[-1].pk).update(stock=10**6)
    return dict(_requests(shop, rounds * PER_ROUND))


def _requests(shop: Shop, count: int) -> Iterator[tuple[str, Any]]:
    paths, lines = candidate.PATHS, shop.products[:LINES]
    yield "storefront", [_get(shop._visitor([]), paths["storefront"])] * count
    yield "cart, 10 lines", [_get(shop._visitor(shop.products[:10]), paths["cart"])] * count
    # Each with a cart of their own, so that nobody waits for anybody.
    adding = [
        _post(shop._visitor(lines), paths["add"], product=lines[0].pk, quantity=1)
        for _n in range(10)
    ]
    yield "add to cart, same line", adding * (count // len(adding))
    yield "begin checkout, 3 lines", [_checkout(shop._visitor(lines)) for _n in range(count)]
    stub.sessions.clear()
    for _n in range(count):
        shop._make_session()
    yield (
        "webhook paid, 3 lines",
        [("WEBHOOK", paths["webhook"], {}, session) for session in stub.sessions],
    )


def _get(visitor: Visitor, path: str) -> tuple[Any, ...]:
    return "GET", path, {"Cookie": visitor.cookie}, None


def _post(visitor: Visitor, path: str, **data: Any) -> tuple[Any, ...]:
    return "POST", path, {"Cookie": visitor.cookie, "X-CSRFToken": TOKEN}, data


def _checkout(visitor: Visitor) -> tuple[Any, ...]:
    data = candidate.fingerprint(visitor.user)
    return _post(visitor, candidate.PATHS["checkout"], **data)


if __name__ == "__main__":
    answer = prepare(*map(int, sys.argv[1:]))
    with os.fdopen(1, "w") as out:
        json.dump(answer, out)
