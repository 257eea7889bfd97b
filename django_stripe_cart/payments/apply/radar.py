"""Apply reviews and early fraud warnings to an order, by opening and closing issues.

The issue of a review is open until the review is closed. The issue of a warning is open until staff
settle it, or until the order is refunded.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from django_stripe_cart.gateway import FraudWarning, Review
from django_stripe_cart.models import Order, OrderIssue
from django_stripe_cart.payments.issues import close_issues, open_issue
from django_stripe_cart.payments.order_change import OrderChange

Reason = OrderIssue.Reason


def apply_reviews(change: OrderChange, reviews: Iterable[Review]) -> None:
    """Open an issue for each open review, and close the issue of each review that is closed."""
    for review in reviews:
        if not review.is_open:
            close_issues(change, Reason.REVIEW, about=review.id)
        elif not _find_issues(change, Reason.REVIEW, review.id).exists():
            open_issue(change, Reason.REVIEW, about=review.id)


def apply_warnings(change: OrderChange, warnings: Iterable[FraudWarning]) -> None:
    """Open an issue for each early fraud warning, if the order is not refunded.

    An issue that staff have settled is not opened again. An issue that a refund has closed is
    opened again if that refund fails.
    """
    if change.order.status == Order.Status.REFUNDED:
        return
    for warning in warnings:
        issues = _find_issues(change, Reason.EARLY_FRAUD_WARNING, warning.id)
        if not issues.exclude(settled_by="").exists():
            open_issue(change, Reason.EARLY_FRAUD_WARNING, about=warning.id)


def _find_issues(change: OrderChange, reason: str, about: str) -> QuerySet[OrderIssue]:
    """Return the order's issues about the review or warning with the id ``about``.

    Both open and settled issues are returned.
    """
    return change.order.issues.filter(reason=reason, about=about)
