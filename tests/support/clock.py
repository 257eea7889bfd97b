"""Moving the shop and Stripe forward in time."""

from __future__ import annotations

import re
from datetime import timedelta

from django.db import models
from django.db.models import F

from django_stripe_cart.models import (
    Dispute,
    EventCursor,
    Order,
    OrderIssue,
    Refund,
    WebhookEvent,
)
from django_stripe_cart.sandbox import Sandbox

STEP = timedelta(hours=2)

TIMESTAMPS: list[tuple[type[models.Model], list[str]]] = [
    (Order, ["placed_at", "session_expires_at", "cancel_requested_at", "synced_at", "paid_at"]),
    (Refund, ["created", "resent_at", "missing_since"]),
    (OrderIssue, ["opened", "settled"]),
    (Dispute, ["opened", "closed", "due_by"]),
    (WebhookEvent, ["received_at", "delivered_at", "retry_at"]),
]

# In the sandbox's objects, and in the responses that it stores under an idempotency key.
STRIPE_TIMESTAMP = re.compile(r'((?:created|expires_at|due_at)\\?": ?\\?"?)(\d{10})')


def advance_time(sandbox: Sandbox, step: timedelta = STEP) -> None:
    """Advance Stripe's clock and make the shop's rows older by the same step."""
    age_rows(step)
    sandbox.clock.advance(seconds=int(step.total_seconds()))


def age_rows(step: timedelta) -> None:
    for model, names in TIMESTAMPS:
        for name in names:
            model._default_manager.update(**{name: F(name) - step})


def age_cursors(step: timedelta) -> None:
    """Make the times until which events were read older; they are by Stripe's clock."""
    EventCursor.objects.update(seen_until=F("seen_until") - step, gap_since=F("gap_since") - step)


def age_rows_and_sandbox(sandbox: Sandbox, step: timedelta) -> None:
    """Make the rows of the shop and the objects at Stripe older, and leave both clocks alone.

    Requests that follow are therefore still made at the present time.
    """
    seconds = int(step.total_seconds())
    age_rows(step)
    age_cursors(step)
    for order in Order.objects.filter(session_id=None, session_params__isnull=False):
        params = {
            **order.session_params,
            "expires_at": order.session_params["expires_at"] - seconds,
        }
        Order.objects.filter(pk=order.pk).update(session_params=params)
    _age_sandbox(sandbox, seconds)
    sandbox.clock.advance()  # process what is due now


def _age_sandbox(sandbox: Sandbox, seconds: int) -> None:
    store = sandbox._account.store
    with store.transaction():
        for id, body in store._execute("SELECT id, body FROM objects", []):
            older = STRIPE_TIMESTAMP.sub(lambda found: f"{found[1]}{int(found[2]) - seconds}", body)
            store._execute("UPDATE objects SET body = ? WHERE id = ?", [older, id])
