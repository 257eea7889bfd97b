"""Invariant: an issue of the order is about each trouble that is not over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django_stripe_cart.models import Order, OrderIssue, Refund
from django_stripe_cart.testing.invariants.snapshot import Snapshot

Reason = OrderIssue.Reason


def check_issues(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each trouble that is not over, and has no issue.

    The issue is open, or was settled by a person.
    """
    for order in snapshot.orders:
        for sentence in (*_hold(order), *_disputes(order), *_refunds(order)):
            yield f"Order {order.reference} {sentence}"


def is_seen_to(order: Order, reason: str, about: str, *, since: datetime | None = None) -> bool:
    """Return whether the order has an open issue, or one that a person has settled since then."""
    return any(
        issue.is_open or (issue.settled_by and (since is None or issue.settled >= since))
        for issue in _issues(order, reason, about)
    )


def _issues(order: Order, reason: str, about: str) -> list[OrderIssue]:
    issues = [one for one in order.issues.all() if (one.reason, one.about) == (reason, about)]
    return sorted(issues, key=lambda issue: issue.pk)


def _hold(order: Order) -> Iterator[str]:
    """A held order has an open issue: settling it would end the hold."""
    if order.is_held and not any(
        issue.is_open for issue in _issues(order, order.held_for, about="")
    ):
        yield f"is held for {order.held_for}, but has no open issue about it."


def _disputes(order: Order) -> Iterator[str]:
    """An issue that was settled before the money was lost does not count."""
    for row in order.disputes.all():
        since = None if row.is_open else row.closed
        if not row.is_kept and not is_seen_to(order, Reason.DISPUTED, row.stripe_id, since=since):
            yield f"has the dispute {row.stripe_id}, which is {row.status}, but no issue about it."


def _refunds(order: Order) -> Iterator[str]:
    """A failed refund has an issue, unless Stripe refused it at once or others replace it."""
    refused = sum(entry.kind == "refund_refused" for entry in order.events.all())
    closed: list[OrderIssue] = []
    amounts: dict[int, int] = {}
    for row in (row for row in order.refunds.all() if row.is_failed):
        reason = Reason.REFUND_FAILED if row.stripe_id else Reason.REFUND_NOT_MADE
        about = row.stripe_id or str(row.key)
        issues = _issues(order, reason, about)
        if not issues and not row.stripe_id and refused > 0:
            refused -= 1  # whoever asked for it was told
        elif not issues:
            yield f"has the failed refund {about}, but no issue about it."
        elif not is_seen_to(order, reason, about):
            closed.append(issues[-1])
            amounts[issues[-1].pk] = row.amount
    if not any(entry.kind == "refunded_whole" for entry in order.events.all()):
        yield from _without_replacement(order, closed, amounts)


def _without_replacement(
    order: Order, closed: list[OrderIssue], amounts: dict[int, int]
) -> Iterator[str]:
    """Each refund whose issue is over was made good by another one, asked for after it failed.

    If that one has failed since, it has an issue of its own.
    """
    left: list[Refund] = sorted(order.refunds.all(), key=lambda row: row.amount)
    for issue in sorted(closed, key=lambda issue: issue.opened, reverse=True):
        fits = (r for r in left if r.created >= issue.opened and r.amount >= amounts[issue.pk])
        replacement = next(fits, None)
        if replacement is None:
            yield f"has the failed refund {issue.about}, which nothing made good; no issue is open."
        else:
            left.remove(replacement)
