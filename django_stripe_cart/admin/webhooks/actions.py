"""The actions that staff run on webhook events that could not be processed.

``ACTIONS`` has them in the sequence in which pages show them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_stripe_cart.admin.actions.action import Action, Outcome
from django_stripe_cart.admin.actions.forms import ConfirmForm
from django_stripe_cart.admin.actions.page import ActionPage
from django_stripe_cart.admin.dashboard import object_url
from django_stripe_cart.admin.webhooks.texts import explain_failure
from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import WebhookEvent
from django_stripe_cart.timeline import Cause
from django_stripe_cart.webhooks import acknowledge_event, retry_event

logger = logging.getLogger("stripe_cart")


class AcknowledgeForm(ConfirmForm):
    """A form that acknowledges events. It has no fields."""

    def __init__(self, *args: Any, events: Sequence[WebhookEvent], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.events = events

    @property
    def notes(self) -> list[str]:
        """Return a note for each kind of failure: what to do before the events are acknowledged."""
        return list(dict.fromkeys(str(explain_failure(event).advice) for event in self.events))


class AcknowledgeAction(Action[WebhookEvent]):
    """The action that acknowledges events that can't be processed. They are not tried again."""

    name = "acknowledge"
    label = gettext_lazy("Acknowledge")
    label_for_many = gettext_lazy("Acknowledge selected webhook events")
    explanation = gettext_lazy(
        "An acknowledged event leaves the list of waiting events and is not tried again. This shop "
        "does not record what the event is about. This can't be undone."
    )
    success_text = gettext_lazy("acknowledged.")
    change = staticmethod(acknowledge_event)

    def make_form(
        self,
        rows: Sequence[WebhookEvent],
        *,
        query: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> AcknowledgeForm:
        """Return the form, which says what to do before the events are acknowledged."""
        return AcknowledgeForm(data, events=rows)

    def is_available(self, row: WebhookEvent) -> bool:
        """Return whether the event could not be processed yet, and was not acknowledged."""
        return row.is_waiting


class RetryAction(Action[WebhookEvent]):
    """The action that tries again to process events that could not be processed."""

    name = "retry"
    label = gettext_lazy("Try again")
    label_for_many = gettext_lazy("Try selected webhook events again")
    explanation = gettext_lazy(
        "Asks Stripe for the event and processes it now, and not only at the next attempt."
    )
    success_text = gettext_lazy("processed.")

    def is_available(self, row: WebhookEvent) -> bool:
        """Return whether the event could not be processed yet, and the secret key can read it.

        The key can read the event if both have the same mode (live or test).
        """
        return row.is_waiting and row.livemode == conf.livemode

    def perform(self, row: WebhookEvent, form: ConfirmForm, *, by: Cause) -> Outcome:
        """Process the event again, and return the outcome.

        Any exception becomes the outcome, even an exception that a signal receiver raises.
        """
        try:
            event = retry_event(row, by=by)
        except PaymentError as error:
            return Outcome(messages.ERROR, self.error_message(error))
        except Exception as error:
            details = describe_without_values(error)
            logger.error("Event %s could not be processed: %s", row.event_id, details)
            row.refresh_from_db()
            return Outcome(messages.ERROR, str(explain_failure(row).title))
        if event.processed_at is None:
            return Outcome(messages.WARNING, _("not processed."))
        return self.report(event)


class EventActionPage(ActionPage[WebhookEvent]):
    """The confirmation page of an action on one event, or on selected events."""

    def prefix_name(self, row: WebhookEvent, text: str) -> str:
        """Return ``text`` preceded by the id of the event."""
        return _("Event %(id)s: %(text)s") % {"id": row.event_id, "text": text}

    def describe_count(self, count: int) -> str:
        """Return a sentence that says for how many events the action was done."""
        text = ngettext(
            "%(action)s: done for %(count)d event.", "%(action)s: done for %(count)d events.", count
        )
        return text % {"action": self.action.label, "count": count}

    def extra_context(self, rows: Sequence[WebhookEvent]) -> dict[str, Any]:
        """Return the events with the URLs of their objects in Stripe's Dashboard."""
        return {
            "events": [(event, object_url(event)) for event in rows],
            "is_sandbox": bool(conf.api_base),
        }


ACTIONS: tuple[Action[WebhookEvent], ...] = (AcknowledgeAction(), RetryAction())
