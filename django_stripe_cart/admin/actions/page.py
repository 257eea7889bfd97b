"""The confirmation page of an action."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_stripe_cart.admin.actions.action import Action, M, Outcome
from django_stripe_cart.admin.actions.forms import ConfirmForm
from django_stripe_cart.admin.base import ActionAdmin
from django_stripe_cart.deadlines import deadline, is_stripe_slow, seconds_left
from django_stripe_cart.exceptions import ShopBusy
from django_stripe_cart.models import OrderEvent
from django_stripe_cart.timeline import Cause
from django_stripe_cart.web.responses import SeeOther

MAX_FAILURES_SHOWN = 10  # with a message of their own

# One request to Stripe may take this long. With less time left, no further row is started.
SECONDS_PER_ROW = 12.5  # seconds


def ids_query(pks: Iterable[int]) -> str:
    """Return the query string that names the rows with these primary keys."""
    return "?" + urlencode({"ids": ",".join(map(str, pks))}, safe=",")


def _why_not_attempted() -> str:
    """Return a text that says why no time is left for the next row.

    Either Stripe or the database is slow.
    """
    if is_stripe_slow():
        return _("Stripe is responding too slowly, so this was not attempted.")
    return str(ShopBusy.default_message)


@dataclass(frozen=True)
class ActionPage(Generic[M]):
    """The confirmation page of an action. ``is_single`` says whether the page's URL names one row.

    The template is ``admin/stripe_cart/MODEL/action.html``.
    """

    model_admin: ActionAdmin
    action: Action[M]
    request: HttpRequest
    rows: Sequence[M]
    is_single: bool

    shown_relations: ClassVar[tuple[str, ...]] = ()  # of the rows, for the template

    # --- what differs by model ---------------------------------------------------------------

    def prefix_name(self, row: M, text: str) -> str:
        """Return ``text`` preceded by the name of the row, for a message."""
        raise NotImplementedError

    def describe_count(self, count: int) -> str:
        """Return a message that says for how many rows the action was done."""
        raise NotImplementedError

    def extra_context(self, rows: Sequence[M]) -> dict[str, Any]:
        """Return what the template needs about ``rows`` in addition."""
        raise NotImplementedError

    # --- the page ----------------------------------------------------------------------------

    def show(self) -> HttpResponse:
        """Show the form for the rows on which the action is possible.

        Redirect back if there are no such rows, or if the form has nothing to confirm.
        """
        available = [row for row in self.rows if self.action.is_available(row)]
        reasons = self._find_reasons_to_skip(available)
        available = [row for row in available if row not in reasons]
        if not available:
            return self._turn_away(reasons.values())
        form = self.action.make_form(available, query=self.request.GET)
        if form.is_pointless:
            return self._turn_away()
        return self._render(form, available, reasons.values())

    def _turn_away(self, reasons: Iterable[str] = ()) -> HttpResponse:
        """Redirect back, with messages that say why the action is not possible."""
        text = _("“%(action)s” is not possible at the moment.")
        self._message(messages.WARNING, text % {"action": self.action.label})
        for text in list(reasons)[:MAX_FAILURES_SHOWN]:
            self._message(messages.WARNING, text)
        return SeeOther(self._back_url)

    def submit(self) -> HttpResponse:
        """Perform the action on each row, and redirect back. Show an invalid form again."""
        # Not filtered again: ``perform`` checks under the lock, and a repeated form is done once.
        form = self.action.make_form(self.rows, query=self.request.GET, data=self.request.POST)
        if not form.is_valid():
            return self._render(form, self.rows)
        self._report(self._run(form))
        return SeeOther(self._back_url)

    def _run(self, form: ConfirmForm) -> list[Outcome]:
        """Perform the action on the rows until the time is up, and return the outcomes."""
        by = Cause(OrderEvent.Source.STAFF, actor=self.request.user.get_username())
        outcomes: list[Outcome] = []
        with deadline():
            for row in self.rows:
                if outcomes and seconds_left() < SECONDS_PER_ROW:
                    outcome = Outcome(messages.WARNING, _why_not_attempted())
                else:
                    outcome = self.action.run(row, form, by=by)
                outcomes.append(replace(outcome, text=self.prefix_name(row, outcome.text)))
        return outcomes

    def _report(self, outcomes: Sequence[Outcome]) -> None:
        """Add messages for the user: the number of rows that succeeded, and the first failures."""
        if len(outcomes) == 1:
            self._message(outcomes[0].level, outcomes[0].text)
            return
        done = sum(outcome.is_good for outcome in outcomes)
        self._message(messages.SUCCESS if done else messages.WARNING, self.describe_count(done))
        failures = [outcome for outcome in outcomes if not outcome.is_good]
        for failure in failures[:MAX_FAILURES_SHOWN]:
            self._message(failure.level, failure.text)
        if failures[MAX_FAILURES_SHOWN:]:
            more = len(failures) - MAX_FAILURES_SHOWN
            text = ngettext("And %(count)d more.", "And %(count)d more.", more)
            self._message(messages.WARNING, text % {"count": more})

    def _find_reasons_to_skip(self, rows: Sequence[M]) -> dict[M, str]:
        """Return the rows that are skipped, each with the reason.

        On the page of a single row, the reason is what ``obstacle`` returns. On the page of
        selected rows, it is what ``reason_to_skip`` returns.
        """
        find = self.action.obstacle if self.is_single else self.action.reason_to_skip
        reasons = {row: find(row) for row in rows}
        return {row: self.prefix_name(row, text) for row, text in reasons.items() if text}

    def _render(
        self, form: ConfirmForm, rows: Sequence[M], reasons: Iterable[str] = ()
    ) -> HttpResponse:
        """Render the form for ``rows``. ``reasons`` say why other rows are left out."""
        prefetch_related_objects(rows, *self.shown_relations)
        single = rows[0] if len(rows) == 1 else None
        context = {
            **self.model_admin.page_context(self.request, str(self.action.label)),
            "action": self.action,
            "explanation": self.action.explain(single) if single else self.action.explanation,
            "form": form,
            # Only the rows shown, not others for which the action has become available since.
            "address": "" if self.is_single else ids_query(row.pk for row in rows),
            "rows": rows,
            "one": single,
            "left_out": len(self.rows) - len(rows),
            "objections": reasons,
            "back": self._back_url,
            **self.extra_context(rows),
        }
        template = f"admin/stripe_cart/{self.model_admin.opts.model_name}/action.html"
        return TemplateResponse(self.request, template, context)

    def _message(self, level: int, text: str) -> None:
        """Add a message for the user."""
        self.model_admin.message_user(self.request, text, level)

    @property
    def _back_url(self) -> str:
        """Return the URL to redirect to: the page of a single row, or the list of all rows."""
        if self.is_single:
            return self.model_admin.page_url("change", self.rows[0].pk)
        return self.model_admin.page_url("changelist")
