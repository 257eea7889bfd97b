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
    """Protocol for the objects at Stripe.

    A ``Sandbox`` has these attributes. So has a client that reads them from a sandbox over HTTP.
    """

    @property
    def sessions(self) -> Sequence[Object]:
        """Return all Checkout Sessions."""

    @property
    def payment_intents(self) -> Sequence[Object]:
        """Return all payment intents."""

    @property
    def refunds(self) -> Sequence[Object]:
        """Return all refunds."""

    @property
    def disputes(self) -> Sequence[Object]:
        """Return all disputes."""

    @property
    def reviews(self) -> Sequence[Object]:
        """Return all reviews."""

    @property
    def early_fraud_warnings(self) -> Sequence[Object]:
        """Return all early fraud warnings."""


@dataclass(frozen=True)
class Snapshot:
    """The rows of the shop and the objects at Stripe, as they were at one time."""

    orders: list[Order]
    stock: dict[Any, int | None]  # by primary key; None: not counted
    unfinished_webhooks: list[WebhookEvent]
    sessions: dict[str, Object]
    intents: dict[str, Object]
    refunds: dict[str, Object]
    disputes: dict[str, Object]
    reviews: Sequence[Object]
    warnings: Sequence[Object]

    @classmethod
    def read(cls, stripe: StripeState) -> Self:
        """Return a snapshot of the shop and of Stripe.

        The shop is read first, so that Stripe's objects are never older than the shop's rows.
        """
        with _consistent_read():
            orders = list(
                Order.objects.order_by("pk").prefetch_related(
                    "items__refunds", "refunds", "events", "issues", "disputes"
                )
            )
            stock = _read_stock()
            unfinished = list(WebhookEvent.objects.unprocessed().order_by("pk"))
        return cls(
            orders=orders,
            stock=stock,
            unfinished_webhooks=unfinished,
            sessions={session["id"]: session for session in stripe.sessions},
            intents={intent["id"]: intent for intent in stripe.payment_intents},
            refunds={refund["id"]: refund for refund in stripe.refunds},
            disputes={dispute["id"]: dispute for dispute in stripe.disputes},
            reviews=stripe.reviews,
            warnings=stripe.early_fraud_warnings,
        )

    def session_of(self, order: Order) -> Object | None:
        """Return an order's Checkout Session, or None."""
        return self.sessions.get(order.session_id or "")

    def intent_of(self, order: Order) -> Object | None:
        """Return an order's payment intent, or None."""
        return self.intents.get(order.payment_intent_id or "")

    def amount_refunded(self, intent_id: str | None, *statuses: str) -> int:
        """Return the total amount of a payment's refunds that have one of ``statuses``.

        The amount is an int in the smallest currency unit. The statuses are those at Stripe.
        """
        return sum(
            refund["amount"]
            for refund in self.refunds.values()
            if refund["payment_intent"] == intent_id and refund["status"] in statuses
        )


def active_refunds(order: Order) -> list[Refund]:
    """Return the order's refunds in the shop's database, without failed and canceled ones."""
    return [refund for refund in order.refunds.all() if refund.status not in UNDONE_STATUSES]


def _read_stock() -> dict[Any, int | None]:
    """Return the stock of all products by primary key."""
    model = get_product_model()
    name = getattr(model, "stock_field", None)
    return dict(model._base_manager.values_list("pk", name)) if name else {}


@contextmanager
def _consistent_read() -> Iterator[None]:
    """Open a transaction in which other processes' changes are not visible."""
    alias = router.db_for_write(Order)
    connection = connections[alias]
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using=alias):
        # On SQLite, every transaction reads from a snapshot.
        if is_outermost and connection.vendor in ("mysql", "postgresql"):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
