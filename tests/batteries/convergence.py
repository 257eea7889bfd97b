"""Runs of ``stripe_cart_sync``, repeated until the shop and Stripe agree."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command

from django_stripe_cart.models import (
    Dispute,
    Order,
    OrderIssue,
    Refund,
    RefundItem,
    WebhookEvent,
)
from django_stripe_cart.sandbox import Sandbox
from tests.support.clock import advance_time

MAX_ROUNDS = 12


def sync_until_stable(sandbox: Sandbox) -> str:
    """Sync until the rows no longer change, and return the last output.

    Raises ``AssertionError`` if they still change after ``MAX_ROUNDS``.
    """
    for _round in range(MAX_ROUNDS):
        before = _state()
        advance_time(sandbox)
        output = run_sync()
        if _state() == before and not sandbox.pending_deliveries:
            return output
    raise AssertionError(f"Still changing after {MAX_ROUNDS} rounds. The last output:\n{output}")


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
        *orders.values_list("status", "amount_paid", "amount_refunded", "held_for", "session_id"),
        *OrderIssue.objects.order_by("pk").values_list("reason", "about", "is_open"),
        *Dispute.objects.order_by("pk").values_list("stripe_id", "status"),
        *Refund.objects.order_by("pk").values_list("status", "amount"),
        *Refund.objects.unknown().exclude(missing_since=None).values_list("pk"),
        *RefundItem.objects.order_by("pk").values_list("quantity", "restocked"),
        *WebhookEvent.objects.order_by("pk").values_list("processed_at"),
    ]
