"""A shop in a shared database: its products, its shoppers, and its invariants."""

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
    Dispute,
    EventCursor,
    Order,
    OrderEmail,
    OrderEvent,
    OrderIssue,
    OrderItem,
    Product,
    Refund,
    RefundItem,
    WebhookEvent,
)
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import make_product
from django_stripe_cart.testing.invariants import settled_violations, violations
from tests.batteries.worker_process import Services

WEBHOOK_URL = "http://testserver/stripe/webhook/"

# Children first
EMPTIED_MODELS: list[type[models.Model]] = [
    EventCursor,
    WebhookEvent,
    OrderEmail,
    OrderIssue,
    Dispute,
    RefundItem,
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
    """``sandbox`` holds its webhooks back until ``sandbox.deliver()`` is called."""

    def __init__(self, sandbox: Sandbox, services: Services) -> None:
        self.sandbox = sandbox
        self.services = services
        self.stock: dict[Any, int] = {}
        self.payment_urls: set[str] = set()
        self.paid_twice: set[str] = set()  # references of orders that a second session has charged

    def add_product(self, name: str, *, price: str = "100.00", stock: int) -> Product:
        product = make_product(name, price=price, stock=stock)
        self.stock[product.pk] = stock
        return product

    def create_shopper(self) -> Browser:
        """Return the browser, in this process, of a new user."""
        return Browser(User.objects.create_user(f"shopper {User.objects.count()}"))

    def record_payment_url(self, url: str) -> bool:
        """Record ``url`` if it is a payment page at Stripe, and return whether it is one."""
        is_payment_url = url.startswith(self.services.stripe)
        if is_payment_url:
            self.payment_urls.add(url)
        return is_payment_url

    def pay(self, url: str) -> None:
        assert self.sandbox.pay(url).status == "paid"

    def signed_event(self, type: str) -> tuple[bytes, dict[str, str]]:
        """Return the body and headers of the newest webhook of a type, as Stripe sends it."""
        event = [event for event in self.sandbox.events if event["type"] == type][-1]
        body = json.dumps(event).encode()
        return body, {"Stripe-Signature": self.sandbox.sign(body, conf.webhook_secrets[0])}

    def reset(self) -> None:
        """Empty the database and the sandbox, except for the webhook endpoint."""
        with transaction.atomic():
            for model in EMPTIED_MODELS:
                model._base_manager.all()._raw_delete(connection.alias)
        self.sandbox.reset()
        self.sandbox.add_webhook_endpoint(WEBHOOK_URL, secret=conf.webhook_secrets[0])
        self.stock.clear()
        self.payment_urls.clear()
        self.paid_twice.clear()

    # --- invariants ---------------------------------------------------------------------------

    def violations(self) -> list[str]:
        found = violations(self.sandbox, stock=self.stock, handed_out=self.payment_urls)
        return self._without_intended(found)

    def settled_violations(self) -> list[str]:
        found = settled_violations(
            self.sandbox, stock=self.stock, handed_out=self.payment_urls, payments_are_counted=True
        )
        return self._without_intended(found)

    def _without_intended(self, found: list[str]) -> list[str]:
        charged_twice = {f"Order {one} was charged 2 times." for one in self.paid_twice}
        return [one for one in found if one not in charged_twice]

    def amount_charged(self) -> int:
        """int, smallest currency unit: the sum of the payments at Stripe."""
        return self._sum("payment_intents", "amount_received", lambda _: True)

    def amount_refunded(self) -> int:
        """int, smallest currency unit: the sum of the refunds at Stripe."""
        unsuccessful = ("failed", "canceled")
        return self._sum("refunds", "amount", lambda refund: refund["status"] not in unsuccessful)

    def _sum(self, objects: str, field: str, condition: Callable[[Any], bool]) -> int:
        return sum(one[field] for one in getattr(self.sandbox, objects) if condition(one))
