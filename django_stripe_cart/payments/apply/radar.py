"""Apply reviews and early fraud warnings: an issue until Stripe or staff has decided."""

from __future__ import annotations

from collections.abc import Iterable

from django_stripe_cart.gateway import FraudWarning, Review
from django_stripe_cart.models import OrderIssue
from django_stripe_cart.payments.issues import close_issues, open_issue
from django_stripe_cart.payments.order_change import OrderChange

Reason = OrderIssue.Reason


def apply_reviews(change: OrderChange, reviews: Iterable[Review]) -> None:
    """Open an issue for each review that is open, and close it once the review is closed."""
    for review in reviews:
        if not review.is_open:
            close_issues(change, Reason.REVIEW, about=review.id)
        elif not _has_issue(change, Reason.REVIEW, review.id):
            open_issue(change, Reason.REVIEW, about=review.id)


def apply_warnings(change: OrderChange, warnings: Iterable[FraudWarning]) -> None:
    """Open an issue for each warning that is new. Staff settles it, or refunds the order."""
    for warning in warnings:
        if not _has_issue(change, Reason.EARLY_FRAUD_WARNING, warning.id):
            open_issue(change, Reason.EARLY_FRAUD_WARNING, about=warning.id)


def _has_issue(change: OrderChange, reason: str, about: str) -> bool:
    """Whether the order has an issue about it, open or settled: it is not opened a second time."""
    return change.order.issues.filter(reason=reason, about=about).exists()
