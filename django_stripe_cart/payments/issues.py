"""Open and close the issues of an order. An issue is a question that staff must decide."""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart.emails import queue_email
from django_stripe_cart.models import OrderEmail, OrderIssue
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.signals import order_issue_opened
from django_stripe_cart.timeline import note


def open_issue(change: OrderChange, reason: str, *, about: str = "") -> None:
    """Open an issue of the locked order. If the same issue is already open, do nothing.

    ``reason`` is an ``OrderIssue.Reason``. ``about`` is the id of the Stripe object that the issue
    is about, or "". Two issues are the same if ``reason`` and ``about`` are equal. Queues the
    signal ``order_issue_opened`` and an e-mail to ``MANAGERS``.
    """
    order = change.order
    if order.issues.open().filter(reason=reason, about=about).exists():
        return
    issue = OrderIssue.objects.create(order=order, reason=reason, about=about)
    note(order, kind="issue_opened", by=change.by, message=reason, about=about)
    change.queue_signal(order_issue_opened, issue=issue)
    queue_email(order, OrderEmail.Kind.ISSUE, issue=issue)


def close_issues(change: OrderChange, *reasons: str, about: str | None = None) -> None:
    """Close the open issues of the locked order that have one of ``reasons``.

    If ``about`` is not None, only the issues about the Stripe object with this id are closed. The
    issues need no decision any more. Their ``settled_by`` stays empty, because no person settled
    them.
    """
    issues = change.order.issues.open().filter(reason__in=reasons)
    for issue in issues if about is None else issues.filter(about=about):
        close_issue(issue)
        note(
            change.order,
            kind="issue_closed",
            by=change.by,
            message=issue.reason,
            about=issue.about,
        )


def close_issue(issue: OrderIssue, *, settled_by: str = "", text: str = "") -> None:
    """Save that ``issue`` is settled.

    ``settled_by`` is the name of the person who settled the issue, and ``text`` is that person's
    note. If no person settled the issue, both are empty.
    """
    issue.is_open, issue.settled = None, timezone.now()
    issue.settled_by, issue.note = settled_by[:150], text[:500]
    issue.save()
