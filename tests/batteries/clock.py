"""Time passes for the shop and for Stripe alike, and sync runs until nothing changes any more."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.db import models
from django.db.models import F

from django_stripe_cart.models import Order, Refund, WebhookEvent
from django_stripe_cart.sandbox import Sandbox

ROUNDS = 12
STEP = timedelta(hours=2)

MOMENTS: list[tuple[type[models.Model], list[str]]] = [
    (Order, ["placed_at", "session_expires_at", "cancel_requested_at", "synced_at"]),
    (Refund, ["created"]),
    (WebhookEvent, ["received_at"]),
]


def settle(sandbox: Sandbox) -> str:
    """Return what sync said last. Raises if it never comes to rest."""
    for _round in range(ROUNDS):
        before = _state()
        let_time_pass(sandbox)
        said = run_sync()
        if _state() == before and not sandbox.pending_deliveries:
            return said
    raise AssertionError(f"Nothing came to rest in {ROUNDS} rounds. Sync said last:\n{said}")


def let_time_pass(sandbox: Sandbox, step: timedelta = STEP) -> None:
    """Stripe's clock goes forward, and all that we wrote down was that much longer ago."""
    age_rows(step)
    sandbox.clock.advance(seconds=int(step.total_seconds()))


def age_rows(step: timedelta) -> None:
    for model, names in MOMENTS:
        for name in names:
            model._default_manager.update(**{name: F(name) - step})


def run_sync() -> str:
    output = StringIO()
    try:
        call_command("stripe_cart_sync", stdout=output, stderr=output)
    except CommandError as error:
        output.write(str(error))
    return output.getvalue()


def _state() -> list[Any]:
    orders = Order.objects.order_by("pk")
    return [
        *orders.values_list("status", "amount_paid", "amount_refunded", "attention", "session_id"),
        *Refund.objects.order_by("pk").values_list("status", "amount"),
        *WebhookEvent.objects.order_by("pk").values_list("processed_at"),
    ]
