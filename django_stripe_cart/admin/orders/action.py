"""The base of staff's actions on orders: a permission, a form to confirm it, and an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.utils.functional import Promise

from django_stripe_cart.admin.orders.forms import ConfirmForm
from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.models import Order
from django_stripe_cart.timeline import Cause


@dataclass(frozen=True)
class Outcome:
    """The result of an action: a message level, and a sentence for staff."""

    level: int
    text: str

    @property
    def is_good(self) -> bool:
        """Return whether the action succeeded."""
        return self.level in (messages.SUCCESS, messages.INFO)


class Action:
    """An action on an order. ``name`` is part of its URL and of its permission.

    The permission is ``stripe_cart.NAME_order``. Most actions call ``change`` with the order, and
    then show ``success_text``; others override ``perform``.
    """

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    label_for_many: ClassVar[str | Promise]
    explanation: ClassVar[str | Promise]
    success_text: ClassVar[str | Promise]
    change: ClassVar[Callable[..., Order]]
    moves_money: ClassVar[bool] = False
    form_class: ClassVar[type[ConfirmForm]] = ConfirmForm
    is_next_step: ClassVar[bool] = False  # what is usually done next with a paid order

    def make_form(
        self,
        orders: Sequence[Order],
        *,
        query: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> ConfirmForm:
        """Return the form that confirms the action for ``orders``.

        ``query`` is the query string of the page, ``data`` the submitted values, if any.
        """
        return self.form_class(data, orders=orders)

    def is_available(self, order: Order) -> bool:
        """Return whether to offer the action for the order, judging by its current status."""
        raise NotImplementedError

    def obstacle(self, order: Order) -> str:
        """Return why the action on this order is not possible at present, or an empty string."""
        return ""

    def reason_to_skip(self, order: Order) -> str:
        """Return why the order is left out if several orders are selected, or an empty string."""
        return self.obstacle(order)

    def explain(self, order: Order) -> str:
        """Return the text that explains the action on the confirmation page of one order."""
        return str(self.explanation)

    def run(self, order: Order, form: Any, *, by: Cause) -> Outcome:
        """Perform the action on the order, and return the outcome.

        A ``StripeCartError`` is not raised, but becomes the outcome.
        """
        try:
            return self.perform(order, form, by=by)
        except StripeCartError as error:
            return Outcome(messages.ERROR, self.error_message(error))

    def perform(self, order: Order, form: Any, *, by: Cause) -> Outcome:
        """Perform the action on the order, and return the outcome.

        Raises ``StripeCartError`` if the action can't be done.
        """
        return self.report(self.change(order, by=by))

    def report(self, order: Order) -> Outcome:
        """Return the outcome of an action that succeeded. ``change`` has returned ``order``."""
        values = {"status": order.get_status_display(), "email": order.email}
        return Outcome(messages.SUCCESS, str(self.success_text) % values)

    def error_message(self, error: StripeCartError) -> str:
        """Return the text of an error for staff, with Stripe's error code if there is one."""
        code = getattr(error, "stripe_code", "")
        return f"{error} ({code})" if code else str(error)
