"""A snapshot of the shop's rows and Stripe's objects, which the invariants compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

from django.db import connections, router, transaction

from django_stripe_cart.models import Order, Refund, WebhookEvent, get_product_model

Object = Mapping[str, Any]

UNDONE_STATUSES = ("failed", "canceled")


class StripeState(Protocol):
    """A ``Sandbox``, or a client of one over HTTP."""

    @property
    def sessions(self) -> Sequence[Object]: ...

    @property
    def payment_intents(self) -> Sequence[Object]: ...

    @property
    def refunds(self) -> Sequence[Object]: ...


@dataclass(frozen=True)
class Snapshot:
    """The data that the invariants compare."""

    orders: list[Order]
    stock: dict[Any, int | None]  # by primary key; None: not counted
    unfinished_webhooks: list[WebhookEvent]
    sessions: dict[str, Object]
    intents: dict[str, Object]
    refunds: dict[str, Object]

    @classmethod
    def read(cls, stripe: StripeState) -> Self:
        """Read the database first, so that Stripe's objects are never older than our rows."""
        with _consistent_read():
            orders = list(
                Order.objects.order_by("pk").prefetch_related("items", "refunds", "events")
            )
            stock = _read_stock()
            unfinished = list(WebhookEvent.objects.filter(processed_at=None).order_by("pk"))
        return cls(
            orders=orders,
            stock=stock,
            unfinished_webhooks=unfinished,
            sessions={session["id"]: session for session in stripe.sessions},
            intents={intent["id"]: intent for intent in stripe.payment_intents},
            refunds={refund["id"]: refund for refund in stripe.refunds},
        )

    def session_of(self, order: Order) -> Object | None:
        return self.sessions.get(order.session_id or "")

    def intent_of(self, order: Order) -> Object | None:
        return self.intents.get(order.payment_intent_id or "")

    def refunds_at_stripe(self, order: Order) -> list[Object]:
        """The refunds of the order's payment that were not undone."""
        return [
            refund
            for refund in self.refunds.values()
            if refund["payment_intent"] == order.payment_intent_id
            and refund["status"] not in UNDONE_STATUSES
        ]


def active_refunds(order: Order) -> list[Refund]:
    """The order's refunds that were not undone, including those without a Stripe id."""
    return [refund for refund in order.refunds.all() if refund.status not in UNDONE_STATUSES]


def _read_stock() -> dict[Any, int | None]:
    model = get_product_model()
    name = getattr(model, "stock_field", None)
    return dict(model._base_manager.values_list("pk", name)) if name else {}


@contextmanager
def _consistent_read() -> Iterator[None]:
    """Read all tables from one snapshot, despite concurrent writes."""
    alias = router.db_for_write(Order)
    connection = connections[alias]
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using=alias):
        # On SQLite, every transaction reads from a snapshot.
        if is_outermost and connection.vendor in ("mysql", "postgresql"):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
