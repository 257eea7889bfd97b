"""Count what each operation of the shop costs at two sizes, so that growth shows.

``tox -e bench`` prints a Markdown table: SQL statements (transaction control aside, the signed-in
user's own included), bytes of the answer, and calls to Stripe. Counts are the same on every
machine; times are not, and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import django
from django.db import connection
from django.test.utils import (
    CaptureQueriesContext,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)

django.setup()

from django_stripe_cart.models import Order, Product  # noqa: E402
from django_stripe_cart.sandbox import Sandbox  # noqa: E402
from django_stripe_cart.testing.browser import Browser  # noqa: E402
from django_stripe_cart.testing.factories import make_product, make_user  # noqa: E402
from django_stripe_cart.testing.sandbox import stripe_sandbox  # noqa: E402

SIZES = (2, 50)
CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
FRAGMENT = {"Stripe-Cart": "fragment"}


@dataclass(frozen=True)
class Cost:
    statements: int
    size: int
    calls: int


class Bench:
    """A shopper in a shop of ``size`` products, with that many lines in the cart."""

    def __init__(self, sandbox: Sandbox, size: int, *, stock: int | None = None) -> None:
        self.sandbox = sandbox
        names = (f"Product {size}-{number}" for number in range(size))
        self.products = [make_product(name, stock=stock) for name in names]
        self.browser = Browser(make_user(f"shopper{size}"))

    def measure(self, action: Callable[[], Any]) -> Cost:
        before = len(self.sandbox.requests)
        with CaptureQueriesContext(connection) as queries:
            answer = action()
        counted = [q for q in queries.captured_queries if not q["sql"].startswith(CONTROL)]
        size = len(getattr(answer, "content", b""))
        return Cost(len(counted), size, len(self.sandbox.requests) - before)

    def operations(self) -> Iterator[tuple[str, Cost]]:
        """The line from the storefront on; each step begins where the last one ended."""
        client, first = self.browser.client, self.products[0]
        yield "storefront, N products", self.measure(lambda: client.get("/"))
        yield "add to cart, the first line ever", self.measure(lambda: self._add(first))
        for product in self.products[1:-1]:
            self.browser.add(product)
        last = self.products[-1]
        yield "add to cart, the Nth line", self.measure(lambda: self._add(last))
        yield "add to cart, a line that is there", self.measure(lambda: self._add(first))
        yield "cart, N lines", self.measure(lambda: client.get("/shop/cart/"))
        seen = self.browser.open_cart()
        yield "begin checkout, N lines", self.measure(lambda: self.browser.check_out(page=seen))
        yield from self._pay()
        self._order_before()
        yield "My Orders, N past orders", self.measure(lambda: client.get("/shop/orders/"))

    def _add(self, product: Any) -> Any:
        """As the script does: answered with the cart as it is then."""
        data = {"product": product.pk}
        return self.browser.client.post("/shop/cart/add/", data, headers=FRAGMENT)

    def _pay(self) -> Iterator[tuple[str, Cost]]:
        order = self.browser.order
        self.sandbox.hold_deliveries = True
        self.sandbox.pay(order.session_url)
        yield "all webhooks of a payment, N lines", self.measure(self.sandbox.deliver)
        self.sandbox.resend(order.session_id or "")
        yield "the same webhooks again", self.measure(self.sandbox.deliver)
        self.sandbox.hold_deliveries = False
        page = order.get_absolute_url()
        yield "order page, N lines", self.measure(lambda: self.browser.client.get(page))

    def _order_before(self) -> None:
        for _number in range(len(self.products) - 1):
            past = Order.objects.create(user=self.browser.user, currency="inr", total=100)
            past.items.create(name="Past", unit_amount=100, quantity=1)


@contextmanager
def shop() -> Iterator[Sandbox]:
    """A database of its own, and Stripe in a box."""
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with stripe_sandbox() as sandbox:
            yield sandbox
    finally:
        teardown_databases(databases, verbosity=0)


def run() -> Iterator[str]:
    """Yield the lines of the table."""
    with shop() as sandbox:
        columns = []
        for size in SIZES:
            Product.objects.all().update(is_active=False)
            columns.append(dict(Bench(sandbox, size).operations()))
    yield "| operation | " + " | ".join(f"N = {size}" for size in SIZES) + " | growth |"
    yield "| --- |" + " --- |" * (len(SIZES) + 1)
    for name in columns[0]:
        costs = [column[name] for column in columns]
        cells = [f"{c.statements} SQL, {c.size:,} bytes, {c.calls} calls" for c in costs]
        growth = [later.statements - earlier.statements for earlier, later in pairwise(costs)]
        yield f"| {name} | {' | '.join(cells)} | {growth[0]:+d} SQL |"


if __name__ == "__main__":
    for line in run():
        print(line)  # noqa: T201
