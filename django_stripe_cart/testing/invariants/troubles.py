"""Invariant: each unsolved problem of an order has an issue, which asks staff for a decision.

Problems are disputes, failed refunds, reviews, early fraud warnings, and payments that staff must
accept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django_stripe_cart.models import Order, OrderIssue, Refund
from django_stripe_cart.testing.invariants.snapshot import Snapshot

Reason = OrderIssue.Reason


def check_issues(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each problem of an order that needs an issue and has none.

    Problems are disputes, failed refunds, and payments that staff must accept. Their issue must be
    open, or settled by a person.
    """
    for order in snapshot.orders:
        for sentence in (
            *_check_hold(order),
            *_check_disputes(order),
            *_check_failed_refunds(order),
        ):
            yield f"Order {order.reference} {sentence}"


def is_seen_to(order: Order, reason: str, about: str, *, since: datetime | None = None) -> bool:
    """Return whether an order has an issue with this ``reason`` and this ``about``.

    The issue must be open, or settled by a person. With ``since``, it must not have been settled
    before that time.
    """
    return any(
        issue.is_open or (issue.settled_by and (since is None or _is_after(issue.settled, since)))
        for issue in _issues(order, reason, about)
    )


def _is_after(time: datetime | None, since: datetime) -> bool:
    """Return whether ``time`` is known and not before ``since``."""
    return time is not None and time >= since


def _issues(order: Order, reason: str, about: str) -> list[OrderIssue]:
    """Return the order's issues that have this reason and this ``about``, oldest first."""
    issues = [one for one in order.issues.all() if (one.reason, one.about) == (reason, about)]
    return sorted(issues, key=lambda issue: issue.pk)


def check_radar(snapshot: Snapshot) -> Iterator[str]:
    """Yield a sentence for each early fraud warning and each open review that has no issue.

    No issue is needed if the payment was refunded in full, or belongs to no order.
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


def _check_hold(order: Order) -> Iterator[str]:
    """Yield a problem if staff must accept an order's payment, but no open issue says so."""
    if order.is_held and not any(
        issue.is_open for issue in _issues(order, order.held_for, about="")
    ):
        yield f"is held for {order.held_for}, but has no open issue about it."


def _check_disputes(order: Order) -> Iterator[str]:
    """Yield a problem for each dispute that needs an issue and has none.

    A dispute that the shop has won needs no issue. If the shop has lost the dispute, an issue that
    was settled before the loss does not count.
    """
    for row in order.disputes.all():
        since = None if row.is_open else row.closed
        if not row.is_kept and not is_seen_to(order, Reason.DISPUTED, row.stripe_id, since=since):
            yield f"has the dispute {row.stripe_id}, which is {row.status}, but no issue about it."


def _check_failed_refunds(order: Order) -> Iterator[str]:
    """Yield a problem for each failed refund that needs an issue and has none.

    No issue is needed if Stripe refused the refund at once, or if later refunds replace it.
    """
    refused = sum(entry.kind == "refund_refused" for entry in order.events.all())
    closed: list[tuple[Refund, datetime]] = []
    for row in (row for row in order.refunds.all() if row.is_failed):
        reason = Reason.REFUND_FAILED if row.stripe_id else Reason.REFUND_NOT_MADE
        about = row.stripe_id or str(row.key)
        issues = _issues(order, reason, about)
        if not issues and not row.stripe_id and refused > 0:
            refused -= 1  # the caller got an exception
        elif not issues:
            yield f"has the failed refund {about}, but no issue about it."
        elif not is_seen_to(order, reason, about):
            is_new = reason == Reason.REFUND_NOT_MADE  # it was missing from the start
            closed.append((row, row.created if is_new else issues[-1].opened))
    if not any(entry.kind == "refunded_whole" for entry in order.events.all()):
        yield from _check_replacements(order, closed)


def _check_replacements(order: Order, closed: list[tuple[Refund, datetime]]) -> Iterator[str]:
    """Yield a problem for each failed refund in ``closed`` that no later refund replaces.

    ``closed`` has pairs of a failed refund and a time. A refund replaces it if it was created after
    that time, with at least the same amount. The later refund may have failed, too; then it needs
    an issue of its own.
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
