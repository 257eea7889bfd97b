"""Close the issue of a failed refund once a later refund has replaced the failed one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django_stripe_cart.models import Order, OrderIssue, Refund
from django_stripe_cart.payments.issues import close_issues
from django_stripe_cart.payments.order_change import OrderChange

Reason = OrderIssue.Reason


@dataclass(frozen=True, slots=True)
class _Failure:
    """A failed refund, whose issue has this ``reason`` and this ``about``."""

    amount: int
    at: datetime
    reason: str
    about: str


def close_issues_of_replaced_refunds(change: OrderChange, rows: list[Refund]) -> None:
    """Close the issue of each failed refund in ``rows`` that a later refund has replaced.

    A refund replaces one failed refund that had failed before and is not larger: of several the
    largest, and of equal ones the latest. If the whole order is refunded, the issues of all failed
    refunds are closed.
    """
    if not any(row.is_failed for row in rows):
        return
    failures = list(_find_failures(change.order, rows))
    if change.order.status == Order.Status.REFUNDED:
        replaced = failures
    else:
        replaced = list(_find_replaced(failures, [row for row in rows if row.is_succeeded]))
    for failure in replaced:
        close_issues(change, failure.reason, about=failure.about)


def _find_failures(order: Order, rows: list[Refund]) -> Iterator[_Failure]:
    """Yield the failed refunds whose issue staff have not settled."""
    issues = order.issues.filter(reason__in=(Reason.REFUND_FAILED, Reason.REFUND_NOT_MADE))
    by_about = {issue.about: issue for issue in issues}
    for row in rows:
        issue = by_about.get(row.stripe_id or str(row.key))
        if row.is_failed and issue is not None and not issue.settled_by:
            # A refund that never reached Stripe was missing from the start.
            at = row.created if issue.reason == Reason.REFUND_NOT_MADE else issue.opened
            yield _Failure(row.amount, at, issue.reason, issue.about)


def _find_replaced(failures: list[_Failure], succeeded: list[Refund]) -> Iterator[_Failure]:
    """Yield the failed refunds that those in ``succeeded`` have replaced, one for each at most."""
    left = list(failures)
    for row in succeeded:
        candidates = [one for one in left if one.at < row.created and one.amount <= row.amount]
        if candidates:
            replaced = max(candidates, key=lambda one: (one.amount, one.at))
            left.remove(replaced)
            yield replaced
