"""The shop's books and Stripe's, read side by side as they stand at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

from django.db import connections, router, transaction

from django_stripe_cart.models import Order, Refund, WebhookEvent, get_product_model

Object = Mapping[str, Any]

GONE = ("failed", "canceled")


class StripeBooks(Protocol):
    """The ``Sandbox``, or anything that shows what it holds: over HTTP, for instance."""

    @property
    def sessions(self) -> Sequence[Object]: ...

    @property
    def payment_intents(self) -> Sequence[Object]: ...

    @property
    def refunds(self) -> Sequence[Object]: ...


@dataclass(frozen=True)
class Books:
    """Everything that the invariants compare."""

    orders: list[Order]
    stock: dict[Any, int | None]  # by primary key; None: not counted
    unfinished_webhooks: list[WebhookEvent]
    sessions: dict[str, Object]
    intents: dict[str, Object]
    refunds: dict[str, Object]

    @classmethod
    def read(cls, stripe: StripeBooks) -> Self:
        """Read ours first: whatever they say that Stripe did, Stripe then knows of."""
        with _one_moment():
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
        """Those that stand, of the order's payment."""
        return [
            refund
            for refund in self.refunds.values()
            if refund["payment_intent"] == order.payment_intent_id and refund["status"] not in GONE
        ]


def standing(order: Order) -> list[Refund]:
    """The order's refunds that were not undone, whether Stripe is known to have them or not."""
    return [refund for refund in order.refunds.all() if refund.status not in GONE]


def _read_stock() -> dict[Any, int | None]:
    model = get_product_model()
    name = getattr(model, "stock_field", None)
    return dict(model._base_manager.values_list("pk", name)) if name else {}


@contextmanager
def _one_moment() -> Iterator[None]:
    """One snapshot of all tables, though others may be writing meanwhile."""
    alias = router.db_for_write(Order)
    connection = connections[alias]
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using=alias):
        # SQLite's transactions are snapshots anyway.
        if is_outermost and connection.vendor in ("mysql", "postgresql"):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
