"""Open and close the issues of an order: each is something that staff must decide about it."""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart.emails import queue_email
from django_stripe_cart.models import OrderEmail, OrderIssue
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.signals import order_issue_opened
from django_stripe_cart.timeline import note


def open_issue(change: OrderChange, reason: str, *, about: str = "") -> None:
    """Open an issue of the locked order, unless one with this reason and ``about`` is open.

    ``reason`` is an ``OrderIssue.Reason``. ``about`` is the id of the object at Stripe that the
    issue is about, or "". Queues ``order_issue_opened`` and an e-mail to ``MANAGERS``.
    """
    order = change.order
    if order.issues.open().filter(reason=reason, about=about).exists():
        return
    issue = OrderIssue.objects.create(order=order, reason=reason, about=about)
    note(order, kind="issue_opened", by=change.by, message=reason, about=about)
    change.queue_signal(order_issue_opened, issue=issue)
    queue_email(order, OrderEmail.Kind.ISSUE, issue=issue)


def close_issues(change: OrderChange, *reasons: str, about: str | None = None) -> None:
    """Close the locked order's open issues with one of ``reasons``: there is nothing to decide now.

    With ``about``, only the issues about the object with this id at Stripe are closed.
    ``settled_by`` stays empty, because no person settled them.
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
    """Save the issue as settled, with the name and the note of the person who settled it.

    Both are empty if no person did.
    """
    issue.is_open, issue.settled = None, timezone.now()
    issue.settled_by, issue.note = settled_by[:150], text[:500]
    issue.save()
