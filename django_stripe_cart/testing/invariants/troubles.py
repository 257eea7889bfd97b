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


def check_radar(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each open review and fraud warning at Stripe that has no issue.

    A payment that was refunded, or has another order, needs none.
    """
    orders = {order.payment_intent_id: order for order in snapshot.orders}
    found = [(Reason.REVIEW, one) for one in snapshot.reviews if one["open"]]
    found += [(Reason.EARLY_FRAUD_WARNING, one) for one in snapshot.warnings]
    for reason, one in found:
        order = orders.get(one["payment_intent"])
        was_refunded = order is not None and any(
            entry.kind == "refunded_whole" for entry in order.events.all()
        )
        if order is None or was_refunded or is_seen_to(order, reason, one["id"]):
            continue
        yield f"Order {order.reference} has the {reason} {one['id']}, but no issue about it."


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
    closed: list[tuple[Refund, datetime]] = []
    for row in (row for row in order.refunds.all() if row.is_failed):
        reason = Reason.REFUND_FAILED if row.stripe_id else Reason.REFUND_NOT_MADE
        about = row.stripe_id or str(row.key)
        issues = _issues(order, reason, about)
        if not issues and not row.stripe_id and refused > 0:
            refused -= 1  # whoever asked for it was told
        elif not issues:
            yield f"has the failed refund {about}, but no issue about it."
        elif not is_seen_to(order, reason, about):
            is_new = reason == Reason.REFUND_NOT_MADE  # it was missing from the start
            closed.append((row, row.created if is_new else issues[-1].opened))
    if not any(entry.kind == "refunded_whole" for entry in order.events.all()):
        yield from _without_replacement(order, closed)


def _without_replacement(order: Order, closed: list[tuple[Refund, datetime]]) -> Iterator[str]:
    """Each refund whose issue is over was made good by another one, asked for after it failed.

    If that one has failed since, it has an issue of its own.
    """
    left = sorted(order.refunds.all(), key=lambda row: row.amount)
    for failed, at in sorted(closed, key=lambda pair: pair[1], reverse=True):
        fits = (row for row in left if row.created > at and row.amount >= failed.amount)
        replacement = next(fits, None)
        if replacement is None:
            about = failed.stripe_id or failed.key
            yield f"has the failed refund {about}, which nothing made good; no issue is open."
        else:
            left.remove(replacement)
