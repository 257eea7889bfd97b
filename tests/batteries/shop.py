"""A shop that is under attack: its shelves, its shoppers, and the look at its books."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction

from django_stripe_cart.conf import conf
from django_stripe_cart.models import (
    Cart,
    CartItem,
    EventCursor,
    Order,
    OrderEmail,
    OrderEvent,
    OrderItem,
    Product,
    Refund,
    WebhookEvent,
)
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import make_product
from django_stripe_cart.testing.invariants import settled_violations, violations
from tests.batteries.worker_process import Place

DOOR = "http://testserver/stripe/webhook/"

# Children first.
EMPTIED: list[type[models.Model]] = [
    EventCursor,
    WebhookEvent,
    OrderEmail,
    Refund,
    OrderEvent,
    OrderItem,
    Order,
    CartItem,
    Cart,
    Product,
    Session,
    User,
]


class Shop:
    """``sandbox`` holds its webhooks back until it is told to deliver."""

    def __init__(self, sandbox: Sandbox, place: Place) -> None:
        self.sandbox = sandbox
        self.place = place
        self.stock: dict[Any, int] = {}
        self.handed_out: set[str] = set()

    def sell(self, name: str, *, price: str = "100.00", stock: int) -> Product:
        product = make_product(name, price=price, stock=stock)
        self.stock[product.pk] = stock
        return product

    def shopper(self) -> Browser:
        """Somebody new, at a browser in this process."""
        return Browser(User.objects.create_user(f"shopper {User.objects.count()}"))

    def note_address(self, url: str) -> bool:
        """Keep an address if it is one where somebody can pay."""
        is_payable = url.startswith(self.place.stripe)
        if is_payable:
            self.handed_out.add(url)
        return is_payable

    def pay(self, url: str) -> None:
        assert self.sandbox.pay(url).status == "paid"

    def letter(self, type: str) -> tuple[bytes, dict[str, str]]:
        """The newest webhook of a type as Stripe would send it: its body and headers."""
        event = [event for event in self.sandbox.events if event["type"] == type][-1]
        body = json.dumps(event).encode()
        return body, {"Stripe-Signature": self.sandbox.sign(body, conf.webhook_secrets[0])}

    def start_again(self) -> None:
        """Empty the shop, and let Stripe forget everything but the way to our door."""
        with transaction.atomic():
            for model in EMPTIED:
                model._base_manager.all()._raw_delete(connection.alias)
        self.sandbox.reset()
        self.sandbox.add_webhook_endpoint(DOOR, secret=conf.webhook_secrets[0])
        self.stock.clear()
        self.handed_out.clear()

    # --- the books ----------------------------------------------------------------------------

    def violations(self) -> list[str]:
        return violations(self.sandbox, stock=self.stock, handed_out=self.handed_out)

    def settled_violations(self) -> list[str]:
        return settled_violations(
            self.sandbox, stock=self.stock, handed_out=self.handed_out, payments_are_counted=True
        )

    def charged(self) -> int:
        """int, smallest currency unit: what shoppers paid at Stripe."""
        return self._sum("payment_intents", "amount_received", lambda _: True)

    def refunded(self) -> int:
        """int, smallest currency unit: what went back at Stripe."""
        gone = ("failed", "canceled")
        return self._sum("refunds", "amount", lambda refund: refund["status"] not in gone)

    def _sum(self, noun: str, field: str, wanted: Callable[[Any], bool]) -> int:
        return sum(thing[field] for thing in getattr(self.sandbox, noun) if wanted(thing))
