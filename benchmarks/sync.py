"""What ``stripe_cart_sync`` costs for 1,000 and 3,000 open orders: ``python -m benchmarks.sync``.

Each has one line of counted stock and a session that ended, and no bell rang for it: Stripe is
asked, the order closes, its stock comes back.
"""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

os.environ["CANDIDATE"] = "ours"

from benchmarks import page

from benchmarks.operations import CONTROL, Shop, settings, stub  # isort: skip - sets Django up

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from django_stripe_cart.models import Cart, Order, OrderItem

SIZES = (1000, 3000)


class Counter:
    """Counts statements, and keeps none."""

    statements = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements += not sql.startswith(CONTROL)
        return execute(sql, params, many, context)


def make_open_orders(count: int, product: Any) -> None:
    an_hour_ago = timezone.now() - timedelta(hours=1)
    carts = Cart.objects.bulk_create(Cart(token=f"guest-{count}-{n}") for n in range(count))
    orders = Order.objects.bulk_create(
        Order(
            cart=cart,
            open_cart=cart,
            by_guest=True,
            currency="usd",
            total=1990,
            session_id=f"cs_test_{cart.token}",
            session_params={},
            session_expires_at=an_hour_ago,
            placed_at=an_hour_ago,
        )
        for cart in carts
    )
    OrderItem.objects.bulk_create(
        OrderItem(order=o, product=product, name="Mug", unit_amount=1990, quantity=1, stock_taken=1)
        for o in orders
    )


def measure(count: int, product: Any) -> str:
    """Return a row of the table."""
    make_open_orders(count, product)
    counter, calls = Counter(), len(stub.asked)
    gc.collect()
    with open(os.devnull, "w") as nowhere, connection.execute_wrapper(counter):
        tracemalloc.start()
        call_command("stripe_cart_sync", stdout=nowhere)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    if Order.objects.filter(status=Order.Status.EXPIRED).count() < count:
        raise RuntimeError("An order is still open.")
    per_order = counter.statements / count
    asked = (len(stub.asked) - calls) / count
    return f"| {count:,} | {per_order:.2f} | {asked:.2f} | {peak / 1e6:.2f} MB |"


def table() -> Iterator[str]:
    (product,) = Shop().products[:1]
    type(product).objects.filter(pk=product.pk).update(stock=0)
    measure(20, product)  # fills the caches
    yield "| open orders | SQL for each | calls for each | memory at most |"
    yield "| ---: | ---: | ---: | ---: |"
    for count in SIZES:
        yield measure(count, product)


if __name__ == "__main__":
    try:
        page.keep("sync", table())
    finally:
        connection.close()
        os.unlink(settings.DATABASES["default"]["NAME"])
