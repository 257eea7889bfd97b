"""Snapshot of an order's objects at Stripe, with the statuses that were recorded before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from django_stripe_cart.gateway import FraudWarning, Review, Session, StripeDispute, StripeRefund


class StaleSnapshot(Exception):
    """Exception raised when another process has recorded newer data than the snapshot contains.

    The caller takes a new snapshot.
    """


@dataclass(frozen=True, slots=True)
class Mention:
    """Type, id and status of the object that a webhook event is about, for example a dispute.

    The event may be older than what Stripe lists, so the status is never recorded.
    """

    type: str  # Stripe's ``object``: "charge", "refund", "dispute", "review" …
    id: str
    status: str = ""

    def is_in(self, listed: Iterable[StripeDispute | StripeRefund]) -> bool:
        """Return whether ``listed`` has the object with the event's status, if it has one."""
        found = (one.status for one in listed if one.id == self.id)
        return any(self.status in ("", status) for status in found)


NO_MENTION = Mention("", "")

# In place of events that were missed: all that Stripe has about the payment is requested.
EVERYTHING = Mention("everything", "")


@dataclass(frozen=True, slots=True)
class StripeSnapshot:
    """An order's Checkout Session at Stripe, and the other objects that were requested with it.

    ``refunds_before`` and ``disputes_before`` have the statuses of our rows before the lists were
    requested, by Stripe's ids. If a row has neither this status nor the listed one when the
    snapshot is recorded, another process has changed the row, and the snapshot is stale.
    ``other_sessions`` are second payments of the order, about which there is an issue.
    """

    session: Session
    refunds: Sequence[StripeRefund] | None = None  # None: not requested
    disputes: Sequence[StripeDispute] | None = None  # None: not requested
    reviews: Sequence[Review] = ()
    warnings: Sequence[FraudWarning] = ()
    other_sessions: Sequence[Session] = ()
    are_refunds_refused: bool = False  # Stripe does not list them, for example for another key
    refunds_before: Mapping[str, str] = field(default_factory=dict)
    disputes_before: Mapping[str, str] = field(default_factory=dict)
    taken_at: datetime = field(default_factory=timezone.now)

    @property
    def has_more_than_session(self) -> bool:
        """Return whether anything other than the session was requested."""
        lists = (self.refunds is not None, self.disputes is not None, self.are_refunds_refused)
        return any(lists) or bool(self.reviews or self.warnings or self.other_sessions)
