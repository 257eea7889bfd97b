"""Snapshot of the objects that Stripe has for an order.

A snapshot also contains the statuses that were recorded before it was taken.
"""

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

    The status is never recorded on an order, because Stripe's lists may have a newer status.
    """

    type: str  # Stripe's ``object``: "charge", "refund", "dispute", "review" …
    id: str
    status: str = ""

    def is_in(self, listed: Iterable[StripeDispute | StripeRefund]) -> bool:
        """Return whether ``listed`` contains the object with the status that the event has.

        If the event has no status, the object may have any status in ``listed``.
        """
        found = (one.status for one in listed if one.id == self.id)
        return any(self.status in ("", status) for status in found)


NO_MENTION = Mention("", "")

# In place of events that were missed: all that Stripe has about the payment is requested.
EVERYTHING = Mention("everything", "")


@dataclass(frozen=True, slots=True)
class StripeSnapshot:
    """An order's Checkout Session at Stripe, and the other objects that were requested with it.

    ``refunds_before`` and ``disputes_before`` map the ids at Stripe to the statuses of our rows
    before the lists were requested. When the snapshot is recorded, a row may have a status that is
    neither this earlier status nor the status in the list. Then another process has changed the
    row, and the snapshot is stale. ``other_sessions`` are the sessions of second payments of the
    order. Each of these payments has an issue.
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
