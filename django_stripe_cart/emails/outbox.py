"""Outbox: e-mails are saved as rows in a transaction, and sent at most once after the commit.

A process claims an e-mail before the process sends it. If the process dies after that, or if the
mail server does not reply, the e-mail is not sent again. Only an e-mail that was certainly not sent
is tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.database import after_commit
from django_stripe_cart.deadlines import is_time_left
from django_stripe_cart.emails.delivery import send
from django_stripe_cart.emails.rendering import recipients
from django_stripe_cart.exceptions import EmailNotSent, EmailRefused
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import Order, OrderEmail, OrderIssue, Refund
from django_stripe_cart.timeline import BY_SYSTEM

logger = logging.getLogger("stripe_cart")

# The delays before the second and later attempts: a mail server may be down for a night.
RETRY_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 2 * 60, 8 * 60, 24 * 60))

# After this number of failures in a row, the mail server is probably down.
MAX_FAILURES = 3


def queue_email(
    order: Order, kind: str, *, refund: Refund | None = None, issue: OrderIssue | None = None
) -> None:
    """Queue an e-mail about ``order``, which is sent when the open transaction commits.

    ``kind`` is an ``OrderEmail.Kind``. A ``REFUNDED`` e-mail is about ``refund``, and an ``ISSUE``
    e-mail to ``MANAGERS`` is about ``issue``. There is at most one e-mail of each kind about an
    order, a refund or an issue, so a second call queues nothing. Nothing is queued, too, if there
    is no address, or if ``STRIPE_CART_EMAILS`` turns off e-mails of this kind.
    """
    if not will_email(order, kind):
        return
    email = OrderEmail.for_order(order, kind, refund=refund, issue=issue)
    OrderEmail.objects.bulk_create([email], ignore_conflicts=True)
    after_commit(lambda: _deliver_after_commit(email))


def will_email(order: Order, kind: str) -> bool:
    """Return whether e-mails of ``kind`` are turned on, and an address for the e-mail is known."""
    return kind in _kinds_to_send() and bool(recipients(order, kind))


def _kinds_to_send() -> frozenset[str]:
    """Return the kinds of e-mail that are turned on. E-mails to ``MANAGERS`` are always on."""
    # STRIPE_CART_EMAILS is about e-mails to shoppers.
    return conf.emails | {OrderEmail.Kind.ISSUE}


def send_pending_emails() -> Iterator[tuple[OrderEmail, bool]]:
    """Send all pending e-mails. Yield pairs: the e-mail, and whether it was sent.

    After 3 failures in a row, or if the deadline comes, the remaining e-mails are left for the next
    call.
    """
    failures = 0
    pending = OrderEmail.objects.pending().filter(kind__in=_kinds_to_send())
    for email in pending.select_related("order"):
        if not is_time_left():
            return
        was_sent = deliver(email)
        if was_sent is None:
            continue
        yield email, was_sent
        failures = 0 if was_sent else failures + 1
        if failures == MAX_FAILURES:
            return


def deliver(email: OrderEmail) -> bool | None:
    """Claim and send ``email``, and return whether it was sent.

    Return None if another process has claimed the e-mail. Return None, too, if the e-mail need not
    be sent any more, because there is no address, its refund has failed, or its issue is settled.
    """
    # bulk_create(ignore_conflicts=True) sets no primary key.
    rows = OrderEmail.objects.filter(order=email.order_id, dedupe_key=email.dedupe_key)
    claimed_at, attempts = timezone.now(), F("attempts") + 1
    if not rows.filter(claimed_at=None).update(claimed_at=claimed_at, attempts=attempts):
        return None
    # Read after the claim: the order may have been anonymized, or the refund may have failed.
    email = rows.select_related("order", "refund", "issue").get()
    if not _still_applies(email):
        return None
    try:
        send(email, by=BY_SYSTEM, is_first=email.attempts == 1)
    except EmailRefused:
        _schedule_retry(email)
        return False
    except EmailNotSent:
        return False
    return True


def _schedule_retry(email: OrderEmail) -> None:
    """Schedule the next attempt to send an e-mail, if there are attempts left."""
    if email.attempts <= len(RETRY_DELAYS):
        due_at = timezone.now() + RETRY_DELAYS[email.attempts - 1]
        # A member of staff may have sent the e-mail in the meantime.
        unsent = OrderEmail.objects.filter(pk=email.pk, sent_at=None)
        unsent.update(claimed_at=None, due_at=due_at)


def _still_applies(email: OrderEmail) -> bool:
    """Return whether the e-mail must still be sent.

    It must not be sent if there is no address, if its refund has failed, or if its issue is
    settled.
    """
    if email.issue is not None and not email.issue.is_open:
        return False
    is_refund_failed = email.refund is not None and email.refund.is_failed
    return bool(recipients(email.order, email.kind)) and not is_refund_failed


def _deliver_after_commit(email: OrderEmail) -> None:
    """Send ``email``. Any exception is only logged, because the order is already committed."""
    try:
        deliver(email)
    except Exception as error:
        details = describe_without_values(error)
        logger.error(
            "An e-mail about order %s waits for the next sync: %s", email.order_id, details
        )
