"""Webhook events in words that staff understand: what happened, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_stripe_cart.admin.times import format_time
from django_stripe_cart.models import WebhookEvent
from django_stripe_cart.webhooks.processing import UnknownEvent, UnknownOrder


@dataclass(frozen=True)
class Failure:
    """Why an event could not be processed, and what staff can do about it."""

    title: Any
    advice: Any


UNKNOWN_ORDER = Failure(
    title=gettext_lazy("The order is not in this database."),
    advice=gettext_lazy(
        "This event is about an order of this shop that is not in this database. That happens "
        "after a backup was restored, or if another site has the same SECRET_KEY and uses the same "
        "Stripe account. Look at the payment in Stripe first: if its order was lost here, send the "
        "goods or refund it there. Then acknowledge the event."
    ),
)
UNKNOWN_EVENT = Failure(
    title=gettext_lazy("Stripe does not have this event any more."),
    advice=gettext_lazy(
        "This event is more than 30 days old, or belongs to another Stripe account. Look in "
        "Stripe's Dashboard at what happened to the payment, and sync its order. Then acknowledge "
        "the event."
    ),
)
ERROR = Failure(
    title=gettext_lazy("This event could not be processed."),
    advice=gettext_lazy(
        "An error occurred, or the server stopped. The event is tried again by itself, so look for "
        "the cause of the error first. Acknowledge the event only if you have looked at the "
        "payment in Stripe, and nothing is left to do in this shop."
    ),
)
# By the class of the exception, with which the error of an event begins.
FAILURES = {UnknownOrder.__name__: UNKNOWN_ORDER, UnknownEvent.__name__: UNKNOWN_EVENT}


def explain_failure(event: WebhookEvent) -> Failure:
    """Return why the event could not be processed, and what can be done."""
    return FAILURES.get(event.error.partition("(")[0], ERROR)


def state_of(event: WebhookEvent) -> str:
    """Return the state of the event: "processed", "acknowledged", "waiting" or "received".

    An event is "received" if it has just arrived, and "waiting" if it could not be processed yet.
    """
    if event.processed_at is not None:
        return "processed"
    if event.acknowledged_at is not None:
        return "acknowledged"
    return "waiting" if event.is_waiting else "received"


STATES = {
    "processed": gettext_lazy("Processed"),
    "acknowledged": gettext_lazy("Acknowledged"),
    "waiting": gettext_lazy("Waiting"),
    "received": gettext_lazy("Just received"),
}


def describe_state(event: WebhookEvent) -> str:
    """Return a text with details of the event's state.

    The text says when the event was processed, who acknowledged it and when, or when the next
    attempt is. It is empty if the event has just arrived.
    """
    if event.processed_at is not None:
        return format_time(event.processed_at)
    if event.acknowledged_at is not None:
        values = {"name": event.acknowledged_by, "time": format_time(event.acknowledged_at)}
        return _("by %(name)s, %(time)s") % values
    if not event.is_waiting:
        return ""
    if event.retry_at is not None and event.is_waiting_for_retry:
        return _("Next attempt: %(time)s") % {"time": format_time(event.retry_at)}
    return _("Next attempt: at the next sync")
