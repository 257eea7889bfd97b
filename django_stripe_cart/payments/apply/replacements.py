"""Close the issue of a failed refund once a later refund has replaced the failed one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django_stripe_cart.models import Order, OrderIssue, Refund, RefundItem
from django_stripe_cart.payments.issues import close_issues
from django_stripe_cart.payments.order_change import OrderChange

Reason = OrderIssue.Reason


@dataclass(frozen=True, slots=True)
class _Failure:
    """A failed refund, the time of its failure, and the ``reason`` and ``about`` of its issue."""

    refund: Refund
    at: datetime
    reason: str
    about: str


def close_issues_of_replaced_refunds(change: OrderChange, rows: list[Refund]) -> None:
    """Close the issue of each failed refund in ``rows`` that a later refund has replaced.

    A later refund that has succeeded replaces one failed refund. The failed refund must not be
    larger, must have failed before the later refund was created, and must not have items that the
    later refund lacks. If there are several such failed refunds, the largest is replaced. If
    several of them are equally large, the one that failed last is replaced. If the whole order is
    refunded, the issues of all failed refunds are closed.
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
    """Yield the failed refunds with an issue that was not settled by staff."""
    issues = order.issues.filter(reason__in=(Reason.REFUND_FAILED, Reason.REFUND_NOT_MADE))
    by_about = {issue.about: issue for issue in issues}
    for row in rows:
        issue = by_about.get(row.stripe_id or str(row.key))
        if row.is_failed and issue is not None and not issue.settled_by:
            # A refund that never reached Stripe was missing from the start.
            at = row.created if issue.reason == Reason.REFUND_NOT_MADE else issue.opened
            yield _Failure(row, at, issue.reason, issue.about)


def _find_replaced(failures: list[_Failure], succeeded: list[Refund]) -> Iterator[_Failure]:
    """Yield the failed refunds that a refund in ``succeeded`` has replaced.

    Each refund in ``succeeded`` replaces at most one failed refund.
    """
    left = list(failures)
    items = _read_items([*succeeded, *(one.refund for one in failures)]) if failures else {}
    for row in succeeded:
        candidates = [
            one
            for one in left
            if one.at < row.created
            and one.refund.amount <= row.amount
            and _covers(items.get(row.pk), items.get(one.refund.pk))
        ]
        if candidates:
            replaced = max(candidates, key=lambda one: (one.refund.amount, one.at))
            left.remove(replaced)
            yield replaced


def _read_items(refunds: list[Refund]) -> dict[int, dict[int, int]]:
    """Return the refunded quantities: a dict by order item in a dict by refund.

    The keys of both dicts are primary keys.
    """
    items: dict[int, dict[int, int]] = {}
    for row in RefundItem.objects.filter(refund__in=refunds):
        items.setdefault(row.refund_id, {})[row.order_item_id] = row.quantity
    return items


def _covers(items: Mapping[int, int] | None, failed: Mapping[int, int] | None) -> bool:
    """Return whether ``items`` contains all quantities in ``failed``.

    Each argument maps the primary keys of the order's items to the quantities of a refund. For a
    refund of an amount without items, the argument is None. The function then returns True, because
    such a refund may be about any items.
    """
    if items is None or failed is None:
        return True
    return all(items.get(pk, 0) >= quantity for pk, quantity in failed.items())
