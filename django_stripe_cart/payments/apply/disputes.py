"""Apply Stripe's list of disputes to an order.

Each dispute gets a row. It also has an open issue while staff must act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils import timezone

from django_stripe_cart.gateway import StripeDispute
from django_stripe_cart.models import Dispute, OrderIssue
from django_stripe_cart.payments.issues import close_issues, open_issue
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.payments.snapshot import StaleSnapshot
from django_stripe_cart.signals import order_disputed
from django_stripe_cart.timeline import note

DISPUTED = OrderIssue.Reason.DISPUTED


def apply_disputes(
    change: OrderChange, listed: Sequence[StripeDispute], *, before: Mapping[str, str]
) -> None:
    """Record Stripe's disputes as rows of the locked order, and open or close their issues.

    ``before`` maps the ids of disputes to the statuses that their rows had before the list was
    requested. Queues ``order_disputed`` for each new dispute. Raises ``StaleSnapshot`` if another
    process has changed a row since the list was requested.
    """
    rows = {row.stripe_id: row for row in change.order.disputes.all()}
    for dispute in sorted(listed, key=lambda dispute: (dispute.created, dispute.id)):
        row = rows.get(dispute.id)
        if row is None:
            _add(change, dispute)
        elif row.status != dispute.status and row.status != before.get(dispute.id):
            raise StaleSnapshot
        else:
            _update(change, row, dispute)


def _add(change: OrderChange, dispute: StripeDispute) -> None:
    """Save a new dispute, and queue ``order_disputed``.

    If the shop has not won the dispute, an issue is opened.
    """
    row = Dispute(order=change.order, stripe_id=dispute.id, opened=dispute.created)
    _save(row, dispute)
    note(change.order, kind="dispute", by=change.by, message=row.status, about=row.stripe_id)
    change.queue_signal(order_disputed, dispute=row)
    if not row.is_kept:
        open_issue(change, DISPUTED, about=row.stripe_id)


def _update(change: OrderChange, row: Dispute, dispute: StripeDispute) -> None:
    """Save the changes of a dispute. If the shop has won the dispute, close its issue.

    The issue is opened again if the dispute is lost now, or if it is no longer an inquiry. A
    dispute that was won can still be lost.
    """
    was_inquiry, was_lost, was_kept = row.is_inquiry, row.is_lost, row.is_kept
    status = row.status
    _save(row, dispute)
    if status == row.status:
        return
    note(change.order, kind="dispute", by=change.by, message=row.status, about=row.stripe_id)
    if row.is_kept:
        close_issues(change, DISPUTED, about=row.stripe_id)
    # Staff may have settled the issue. The money is gone now, or the bank no longer only asks.
    elif was_kept or was_lost != row.is_lost or was_inquiry != row.is_inquiry:
        open_issue(change, DISPUTED, about=row.stripe_id)


def _save(row: Dispute, dispute: StripeDispute) -> None:
    """Copy the data of ``dispute`` to ``row``, and save the row if it has changed."""
    columns = (row.status, row.reason, row.amount, row.due_by)
    row.status, row.reason = dispute.status, dispute.reason
    row.amount, row.due_by = dispute.amount, dispute.due_by
    row.closed = None if row.is_open else row.closed or timezone.now()
    if columns != (row.status, row.reason, row.amount, row.due_by):
        row.save()
