"""The base class of staff's actions on orders."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import messages

from django_stripe_cart.admin.actions.action import Action, Outcome
from django_stripe_cart.models import Order


class OrderAction(Action[Order]):
    """An action on an order.

    ``success_text`` may contain ``%(status)s`` for the order's status, and ``%(email)s`` for the
    e-mail address.
    """

    is_next_step: ClassVar[bool] = False  # what is usually done next with a paid order

    def report(self, row: Order) -> Outcome:
        """Return the outcome of an action that succeeded."""
        values = {"status": row.get_status_display(), "email": row.email}
        return Outcome(messages.SUCCESS, str(self.success_text) % values)
