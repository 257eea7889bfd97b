"""The base class of staff's actions. Each has a permission, a confirmation form and an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django.contrib import messages
from django.db.models import Model
from django.utils.functional import Promise

from django_stripe_cart.admin.actions.forms import ConfirmForm
from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.timeline import Cause

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Outcome:
    """The result of an action: a message level, and a sentence for staff."""

    level: int
    text: str

    @property
    def is_good(self) -> bool:
        """Return whether the action succeeded."""
        return self.level in (messages.SUCCESS, messages.INFO)


class Action(Generic[M]):
    """An action that staff run on the rows of a model.

    The action's ``name`` is part of its URL and of its permission. The permission is
    ``stripe_cart.NAME_MODEL``, for example ``stripe_cart.refund_order``. Most actions call
    ``change`` with the row, and then show ``success_text``. Other actions override ``perform``.
    """

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    label_for_many: ClassVar[str | Promise]
    explanation: ClassVar[str | Promise]
    success_text: ClassVar[str | Promise]
    change: ClassVar[Callable[..., Any]]
    moves_money: ClassVar[bool] = False

    def make_form(
        self,
        rows: Sequence[M],
        *,
        query: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> ConfirmForm:
        """Return the form that confirms the action for ``rows``.

        ``query`` holds the parameters of the page's query string. ``data`` holds the submitted
        values; it is None before the form is submitted.
        """
        return ConfirmForm(data)

    def is_available(self, row: M) -> bool:
        """Return whether the action is offered for the row, which depends on the row's status."""
        raise NotImplementedError

    def obstacle(self, row: M) -> str:
        """Return why the action is not possible on this row now. Return "" if it is possible."""
        return ""

    def reason_to_skip(self, row: M) -> str:
        """Return why the row is left out when several rows are selected.

        Return an empty string if the row is not left out.
        """
        return self.obstacle(row)

    def explain(self, row: M) -> str:
        """Return the text that explains the action on the confirmation page of one row."""
        return str(self.explanation)

    def run(self, row: M, form: Any, *, by: Cause) -> Outcome:
        """Perform the action on the row, and return the outcome.

        If a ``StripeCartError`` is raised, it is caught, and the outcome is an error message.
        """
        try:
            return self.perform(row, form, by=by)
        except StripeCartError as error:
            return Outcome(messages.ERROR, self.error_message(error))

    def perform(self, row: M, form: Any, *, by: Cause) -> Outcome:
        """Perform the action on the row, and return the outcome.

        Raises ``StripeCartError`` if the action can't be done.
        """
        return self.report(self.change(row, by=by))

    def report(self, row: M) -> Outcome:
        """Return the outcome of an action that succeeded. ``row`` is what ``change`` returned."""
        return Outcome(messages.SUCCESS, str(self.success_text))

    def error_message(self, error: StripeCartError) -> str:
        """Return the error as a text for staff, with Stripe's error code if the error has one."""
        code = getattr(error, "stripe_code", "")
        return f"{error} ({code})" if code else str(error)
