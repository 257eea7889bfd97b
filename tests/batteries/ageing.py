"""Time passes while shoppers go on: all that is written down, here and at Stripe, grows older.

So both clocks can stay where they are, and what is asked for next is asked for now.
"""

from __future__ import annotations

import re
from datetime import timedelta

from django.db.models import F

from django_stripe_cart.models import EventCursor, Order
from django_stripe_cart.sandbox import Sandbox
from tests.batteries.clock import age_rows

# In objects, and in the answers that are kept as text under an idempotency key.
MOMENT = re.compile(r'((?:created|expires_at|due_at)\\?": ?\\?"?)(\d{10})')


def grow_older(sandbox: Sandbox, step: timedelta) -> None:
    seconds = int(step.total_seconds())
    age_rows(step)
    EventCursor.objects.update(seen_until=F("seen_until") - step)
    for order in Order.objects.filter(session_id=None).exclude(session_params=None):
        params = {
            **order.session_params,
            "expires_at": order.session_params["expires_at"] - seconds,
        }
        Order.objects.filter(pk=order.pk).update(session_params=params)
    _age_stripe(sandbox, seconds)
    sandbox.clock.advance()  # what fell due happens now


def _age_stripe(sandbox: Sandbox, seconds: int) -> None:
    store = sandbox._account.store
    with store.transaction():
        for id, body in store._rows("SELECT id, body FROM objects", []):
            older = MOMENT.sub(lambda found: f"{found[1]}{int(found[2]) - seconds}", body)
            store._rows("UPDATE objects SET body = ? WHERE id = ?", [older, id])
