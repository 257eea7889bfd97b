"""Disputes in words that staff understand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from django_stripe_cart.admin.dashboard import dispute_url
from django_stripe_cart.admin.times import format_time
from django_stripe_cart.models import Dispute, Order
from django_stripe_cart.money import format_money

# docs.stripe.com/api/disputes/object; Stripe may add statuses and reasons.
STATUSES: dict[str, Any] = {
    "warning_needs_response": pgettext_lazy("dispute", "Inquiry: answer needed"),
    "warning_under_review": pgettext_lazy("dispute", "Inquiry: answered"),
    "warning_closed": pgettext_lazy("dispute", "Inquiry closed"),
    "needs_response": pgettext_lazy("dispute", "Answer needed"),
    "under_review": pgettext_lazy("dispute", "The bank decides"),
    "won": pgettext_lazy("dispute", "Won"),
    "lost": pgettext_lazy("dispute", "Lost"),
    "prevented": pgettext_lazy("dispute", "Prevented by a refund"),
}
REASONS: dict[str, Any] = {
    "bank_cannot_process": pgettext_lazy("dispute", "The bank cannot process the payment"),
    "credit_not_processed": pgettext_lazy("dispute", "A promised refund did not arrive"),
    "debit_not_authorized": pgettext_lazy("dispute", "The debit was not authorized"),
    "duplicate": pgettext_lazy("dispute", "Charged twice"),
    "fraudulent": pgettext_lazy("dispute", "The card's owner did not pay"),
    "general": pgettext_lazy("dispute", "No reason given"),
    "incorrect_account_details": pgettext_lazy("dispute", "Wrong account details"),
    "insufficient_funds": pgettext_lazy("dispute", "Not enough money in the account"),
    "product_not_received": pgettext_lazy("dispute", "The goods did not arrive"),
    "product_unacceptable": pgettext_lazy("dispute", "The goods are not as described"),
    "unrecognized": pgettext_lazy("dispute", "The card's owner does not recognize the payment"),
}


@dataclass(frozen=True)
class DisputeRow:
    """A dispute as texts, for the order's page."""

    id: str
    amount: str
    status: str
    tone: str  # "good" or "bad"
    reason: str
    due_by: str  # empty if no answer is needed
    opened: datetime
    closed: datetime | None
    url: str


def read_disputes(order: Order) -> list[DisputeRow]:
    """Return the disputes of ``order`` as texts, oldest first."""
    return [
        DisputeRow(
            id=dispute.stripe_id,
            amount=format_money(dispute.amount, order.currency),
            status=status_text(dispute.status),
            tone="good" if dispute.is_kept else "bad",
            reason=reason_text(dispute),
            due_by=due_text(dispute),
            opened=dispute.opened,
            closed=dispute.closed,
            url=dispute_url(dispute, order),
        )
        for dispute in order.disputes.all()
    ]


def find_dispute(order: Order, stripe_id: str) -> Dispute | None:
    """Return the order's dispute with this id, or None."""
    return next((row for row in order.disputes.all() if row.stripe_id == stripe_id), None)


def amount_lost(order: Order) -> int:
    """Return the amount that was lost in disputes, without the amount that was refunded.

    The amount is an int in the smallest currency unit.
    """
    lost = sum(dispute.amount for dispute in order.disputes.all() if dispute.is_lost)
    return max(0, min(lost, order.amount_paid - order.amount_refunded))


def status_text(status: str) -> str:
    """Return the status of a dispute in words."""
    return str(STATUSES.get(status) or status.replace("_", " ").capitalize())


def reason_text(dispute: Dispute) -> str:
    """Return the bank's reason for the dispute in words, or an empty string."""
    return str(REASONS.get(dispute.reason) or dispute.reason.replace("_", " ").capitalize())


def due_text(dispute: Dispute) -> str:
    """Return the words "Answer by" with a time, or an empty string if no answer is needed."""
    if dispute.due_by is None or not dispute.status.endswith("needs_response"):
        return ""
    return _("Answer by %(time)s") % {"time": format_time(dispute.due_by)}
