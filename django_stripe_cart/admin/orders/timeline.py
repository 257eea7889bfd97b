"""The timeline of an order for staff: its events as sentences, with their actors."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_stripe_cart.admin.orders.disputes import due_text, find_dispute, status_text
from django_stripe_cart.admin.orders.issues import find_refund
from django_stripe_cart.models import Order, OrderEmail, OrderEvent, OrderIssue
from django_stripe_cart.money import format_money

SENTENCES: dict[str, Any] = {
    "placed": _("Order placed"),
    "session": _("Payment page opened at Stripe"),
    "processing": _("Payment is being processed"),
    "paid": pgettext_lazy("order", "Paid"),
    "failed": _("Payment failed"),
    "expired": _("Not paid in time"),
    "cancel_requested": _("Cancellation requested"),
    "canceled": pgettext_lazy("order", "Canceled"),
    "fulfilled": pgettext_lazy("order", "Completed"),
    "refund_requested": _("Refund of %(detail)s requested"),
    "refund_refused": _("The refund did not go through"),
    "refunded": _("%(detail)s refunded"),
    "refund_pending": _("Refund of %(detail)s is on its way"),
    "refund_waits": _("Refund of %(detail)s waits for the shopper's bank details"),
    "refund_not_made": _("The refund of %(detail)s did not reach Stripe"),
    "refunded_whole": _("Fully refunded"),
    "refund_failed": _("The refund of %(detail)s failed"),
    "refund_undone": _("Order restored because the refund failed"),
    "issue_opened": _("Issue: %(detail)s"),
    "issue_settled": _("Issue settled: %(detail)s"),
    "issue_closed": _("Issue over: %(detail)s"),
    "dispute": _("Dispute: %(detail)s"),
    "email_sent": _("E-mail sent: %(detail)s"),
    "email_failed": _("E-mail not sent: %(detail)s"),
    "adopted": _("Linked to the shopper's account at sign-in"),
    "anonymized": _("Customer data removed"),
}
# Used where the detail is missing, or was deleted with the customer's data.
WITHOUT_DETAIL: dict[str, Any] = {
    "refund_requested": _("Refund requested"),
    "refunded": _("Amount refunded"),
    "refund_pending": _("A refund is on its way"),
    "refund_waits": _("A refund waits for the shopper's bank details"),
    "refund_not_made": _("A refund did not reach Stripe"),
    "refund_failed": _("A refund failed"),
    "issue_opened": _("Issue opened"),
    "issue_settled": _("Issue settled"),
    "issue_closed": _("Issue over"),
    "dispute": _("Dispute"),
    "email_sent": _("E-mail sent"),
    "email_failed": _("E-mail not sent"),
}
BAD = {
    "failed",
    "refund_failed",
    "refund_refused",
    "refund_not_made",
    "issue_opened",
    "dispute",
    "email_failed",
}
GOOD = {"paid", "fulfilled", "issue_settled", "issue_closed"}


@dataclass(frozen=True)
class TimelineEntry:
    """An event of an order as texts, for the template."""

    sentence: str
    detail: str  # empty if the sentence contains it
    actor: str
    source: str
    at: datetime
    tone: str  # "good", "bad" or empty


def read_timeline(order: Order) -> list[TimelineEntry]:
    """Return the events of ``order`` as timeline entries, oldest first."""
    notes = _notes_of_settled_issues(order)
    return [_make_entry(event, order, notes) for event in order.events.all()]


def _make_entry(event: OrderEvent, order: Order, notes: dict[Any, list[str]]) -> TimelineEntry:
    """Return the timeline entry of an event.

    ``notes`` is what ``_notes_of_settled_issues`` returned. If the entry shows a note, the note is
    removed from ``notes``.
    """
    params = {"detail": _format_message(event, order)}
    sentences = SENTENCES if event.message else SENTENCES | WITHOUT_DETAIL
    sentence = sentences.get(event.kind) or event.kind.replace("_", " ").capitalize()
    names_detail = "%(detail)s" in str(sentence)
    details = [] if names_detail else [params["detail"]]
    details += _describe_subject(event, order)
    if event.kind == "issue_settled":
        details += notes[event.message, event.about][:1]
        del notes[event.message, event.about][:1]
    return TimelineEntry(
        sentence=str(sentence) % params if names_detail else str(sentence),
        detail=" · ".join(filter(None, details)),
        actor=event.actor,
        source=event.get_source_display(),
        at=event.created,
        tone="bad" if event.kind in BAD else "good" if event.kind in GOOD else "",
    )


def _notes_of_settled_issues(order: Order) -> dict[Any, list[str]]:
    """Return lists of notes on the issues that staff have settled.

    The key of a list is the pair of an issue's ``reason`` and ``about``. If the same issue was
    opened and settled twice, its list has two notes, the older note first.
    """
    notes = defaultdict(list)
    settled = [issue for issue in order.issues.all() if issue.settled and issue.settled_by]
    for issue in settled:
        notes[issue.reason, issue.about].append(issue.note)
    return notes


def _describe_subject(event: OrderEvent, order: Order) -> list[str]:
    """Return texts, such as an amount or an id, that identify the event's dispute or refund."""
    if not event.about or not event.kind.startswith(("dispute", "issue")):
        return []
    dispute, refund = find_dispute(order, event.about), find_refund(order, event.about)
    if refund is not None:
        return [format_money(refund.amount, order.currency)]
    if dispute is None:
        return [event.about]
    if event.kind != "dispute":
        return [format_money(dispute.amount, order.currency), event.about]
    return [due_text(dispute) if dispute.status == event.message else "", event.about]


def _format_message(event: OrderEvent, order: Order) -> str:
    """Return the event's message as staff read it: an amount as money, a code as words."""
    if event.kind.startswith("refund") and event.message.isdecimal():
        return format_money(int(event.message), order.currency)
    if event.kind.startswith("issue"):
        labels: dict[str, Any] = dict(OrderIssue.Reason.choices)
        return str(labels.get(event.message, event.message))
    if event.kind.startswith("email"):
        return str(dict(OrderEmail.Kind.choices).get(event.message, event.message))
    if event.kind == "dispute":
        dispute = find_dispute(order, event.about)
        amount = f"{format_money(dispute.amount, order.currency)}, " if dispute else ""
        return amount + status_text(event.message)
    is_code = event.kind in ("expired", "refund_refused")
    return event.message.replace("_", " ") if is_code else event.message
