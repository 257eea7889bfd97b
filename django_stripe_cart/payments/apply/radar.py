"""Apply reviews and early fraud warnings to an order: each is an issue until it is decided."""

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

    If staff have settled the issue of a warning, it is not opened again. If a refund has closed it,
    and that refund fails, it is.
    """
    if change.order.status == Order.Status.REFUNDED:
        return
    for warning in warnings:
        issues = _find_issues(change, Reason.EARLY_FRAUD_WARNING, warning.id)
        if not issues.exclude(settled_by="").exists():
            open_issue(change, Reason.EARLY_FRAUD_WARNING, about=warning.id)


def _find_issues(change: OrderChange, reason: str, about: str) -> QuerySet[OrderIssue]:
    """Return the order's issues, open or settled, about one review or warning.

    ``about`` is the id of the review or warning.
    """
    return change.order.issues.filter(reason=reason, about=about)
