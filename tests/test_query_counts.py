"""What each operation costs, held to the digit: growth with what should not matter is a defect.

Nothing here measures time. Statements are counted without those that begin and end transactions,
and with the two that read the session and the user.
"""

from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

pytest.importorskip("benchmarks", reason="The source distribution comes without benchmarks.")

from benchmarks import startup
from benchmarks.statements import SIZES, Bench
from django_stripe_cart.models import (
    Cart,
    CartItem,
    Order,
    OrderEmail,
    OrderEvent,
    OrderItem,
    Product,
    Refund,
    WebhookEvent,
)
from django_stripe_cart.models.cart import CartKey
from django_stripe_cart.sandbox import Sandbox

pytestmark = pytest.mark.database

# operation: SQL statements, calls to Stripe. The same at every size.
COSTS = {
    "storefront, N products": (4, 0),
    # A lock that found no cart, then the cart is looked for and made.
    "add to cart, the first line ever": (9, 0),
    # One more than for a line that is there: the product is read, too.
    "add to cart, the Nth line": (6, 0),
    "add to cart, a line that is there": (5, 0),
    "cart, N lines": (3, 0),
    "begin checkout, N lines": (11, 1),
    "all webhooks of a payment, N lines": (18, 0),
    "the same webhooks again": (1, 0),
    "order page, N lines": (5, 0),
    "My Orders, N past orders": (4, 0),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", SIZES)
def test_every_operation_costs_the_same_at_every_size(sandbox: Sandbox, size: int) -> None:
    costs = {name: (c.statements, c.calls) for name, c in Bench(sandbox, size).operations()}

    assert costs == COSTS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", SIZES)
def test_counted_stock_costs_a_checkout_one_update_for_each_line(
    sandbox: Sandbox, size: int
) -> None:
    costs = dict(Bench(sandbox, size, stock=10).operations())

    assert costs["begin checkout, N lines"].statements == COSTS["begin checkout, N lines"][0] + size


# --- every lookup has an index ------------------------------------------------------------------

ROWS = 2000  # so many that no database prefers to read the whole table


@pytest.fixture
def many_orders(user: User) -> Order:
    """A shop with a past, of which the databases know."""
    long_ago = timezone.now() - timedelta(days=1)
    people = [User(username=f"person-{number}") for number in range(ROWS // 10)]
    people = User.objects.bulk_create(people)
    orders = Order.objects.bulk_create(
        Order(
            user=people[number % len(people)],
            currency="inr",
            total=100,
            status=Order.Status.PENDING if number % 100 == 0 else Order.Status.PAID,
            session_id=f"cs_{number}",
            payment_intent_id=f"pi_{number}",
            placed_at=long_ago,
        )
        for number in range(ROWS)
    )
    carts = Cart.objects.bulk_create(
        [Cart(user=person) for person in people]
        + [Cart(token=f"guest-{number}") for number in range(ROWS)]
    )
    product = Product.objects.create(name="Mug", slug="mug", price=1)
    CartItem.objects.bulk_create(CartItem(cart=c, product=product, quantity=1) for c in carts)
    OrderItem.objects.bulk_create(
        OrderItem(order=o, name="Mug", unit_amount=100, quantity=1) for o in orders
    )
    OrderEvent.objects.bulk_create(OrderEvent(order=o, kind="placed") for o in orders)
    WebhookEvent.objects.bulk_create(
        WebhookEvent(event_id=f"evt_{number}", processed_at=long_ago) for number in range(ROWS)
    )
    Refund.objects.bulk_create(
        Refund(order=o, amount=1, status="unknown" if o.status == "pending" else "succeeded")
        for o in orders
    )
    OrderEmail.objects.bulk_create(
        OrderEmail(order=o, kind="paid", dedupe_key="paid", claimed_at=long_ago, sent_at=long_ago)
        for o in orders
    )
    _gather_statistics()
    return orders[-1]


def _gather_statistics() -> None:
    """Database servers analyze automatically; SQLite needs a command, which hosts do not run."""
    if connection.vendor == "sqlite":
        return
    tables = [m._meta.db_table for m in (Order, OrderItem, OrderEvent, Cart, CartItem, Refund)]
    tables += [m._meta.db_table for m in (OrderEmail, WebhookEvent, Product, User)]
    with connection.cursor() as cursor:
        for table in tables:
            word = "ANALYZE TABLE" if connection.vendor == "mysql" else "ANALYZE"
            cursor.execute(f"{word} {table}")


LOOKUPS: dict[str, Callable[[Order], QuerySet[Any]]] = {
    "a webhook's event": lambda o: WebhookEvent.objects.filter(event_id="evt_7"),
    "a webhook's order": lambda o: Order.objects.filter(reference=o.reference),
    "a refund's order": lambda o: Order.objects.filter(payment_intent_id=o.payment_intent_id),
    "a session's order": lambda o: Order.objects.filter(session_id=o.session_id),
    "a user's cart": lambda o: Cart.objects.filter(user=o.user),
    "a guest's cart": lambda o: Cart.objects.filter(token="guest-7"),
    "a user's lines": lambda o: CartItem.objects.filter(cart__user=o.user).with_products(),
    "a guest's lines": lambda o: CartItem.objects.in_cart(CartKey(token="guest-7")).with_products(),
    "an open order": lambda o: Order.objects.filter(open_cart=7),
    "an order's lines": lambda o: o.items.all(),
    "an order's timeline": lambda o: o.events.all(),
    "an order's refunds": lambda o: o.refunds.unknown(),
    "a queued e-mail": lambda o: OrderEmail.objects.filter(order=o.pk, dedupe_key="paid"),
    "a page of My Orders": lambda o: Order.objects.owned_by(o.user).newest_first()[:11],
    "sync, payments": lambda o: Order.objects.with_overdue_payment().order_by("pk")[:100],
    "sync, refunds": lambda o: Order.objects.with_overdue_refund().order_by("pk")[:100],
}


# In earnest, because MariaDB commits before it gathers statistics.
@pytest.mark.django_db(transaction=True)
def test_every_lookup_finds_its_rows_by_an_index(many_orders: Order) -> None:
    plans = {name: look(many_orders).explain() for name, look in LOOKUPS.items()}
    without_index = Order.objects.filter(receipt_url="https://example.com/").explain()

    assert {name: plan for name, plan in plans.items() if _reads_all(plan)} == {}
    assert _reads_all(without_index)


@pytest.mark.django_db(transaction=True)
def test_the_first_page_of_a_large_catalog_is_read_in_its_order() -> None:
    names = (f"mug-{number:05}" for number in range(10 * ROWS))
    Product.objects.bulk_create(Product(name=name, slug=name, price=1) for name in names)
    _gather_statistics()

    assert "stripe_cart_product_by_name" in Product.objects.active()[:12].explain()


def _reads_all(plan: str) -> bool:
    """Whether a table of ours is read from its beginning to its end."""
    if connection.vendor == "sqlite":
        return "SCAN " in plan
    if connection.vendor == "postgresql":
        return "Seq Scan on stripe_cart_" in plan.replace("stripe_cart_product", "product")
    # id, select_type, table, type, …: ALL reads the table, index reads a whole index.
    rows = [line.split() for line in plan.splitlines()]
    return any({"ALL", "index"} & set(row[2:5]) for row in rows if "stripe_cart_product" not in row)


# --- a start costs little ----------------------------------------------------------------------


def test_a_start_loads_few_modules_and_not_the_sdk() -> None:
    _seconds, bare, _none = startup.run()
    _seconds, modules, has_sdk = startup.run(startup.OURS)

    assert not has_sdk
    assert 0 < modules - bare < 60


# --- memory is constant in orders ---------------------------------------------------------------


def _make_abandoned_orders(count: int) -> None:
    """Never asked for at Stripe, and overdue."""
    long_ago = timezone.now() - timedelta(days=3)
    Order.objects.all().delete()
    Order.objects.bulk_create(
        Order(currency="inr", total=100, placed_at=long_ago, reference=uuid4())
        for _number in range(count)
    )


def _peaks(action: Callable[[int], None], *counts: int) -> Iterator[int]:
    """Yield the bytes that ``action`` held at most, with so many orders each time.

    The first time also fills caches, and says nothing.
    """
    for count in counts:
        _make_abandoned_orders(count)
        gc.collect()
        tracemalloc.start()
        try:
            action(count)
            yield tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


# Measured with one driver: those of the servers keep results where Python does not count.
in_pythons_memory = pytest.mark.not_on("mysql", "postgresql")


# In earnest, because a test's own transaction would keep what waits for its end.
@pytest.mark.django_db(transaction=True)
@pytest.mark.long
@in_pythons_memory
@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "in earnest"])
def test_sync_needs_no_more_memory_for_more_orders(sandbox: Sandbox, dry_run: bool) -> None:
    def sync(count: int) -> None:
        heard = Counted()
        call_command("stripe_cart_sync", dry_run=dry_run, stdout=heard)

        assert heard.lines == count + (not dry_run)  # the last line is about missed events
        assert Order.objects.filter(status="pending").exists() == dry_run

    _filled, few, many = _peaks(sync, 50, 300, 1500)

    assert many < 1.3 * few


@pytest.mark.long
@in_pythons_memory
@pytest.mark.django_db
def test_the_export_needs_no_more_memory_for_more_orders(admin_client: Client) -> None:
    def export(count: int) -> None:
        answer = admin_client.get(reverse("admin:stripe_cart_order_export"))

        assert sum(portion.count(b"\n") for portion in answer) == count + 1

    _filled, few, many = _peaks(export, 50, 1100, 3300)

    assert many < 1.3 * few


class Counted(io.StringIO):
    """A terminal, which keeps nothing, and from time to time has garbage collected."""

    lines = 0

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        if self.lines % 100 == 0:
            gc.collect()
        return len(text)
