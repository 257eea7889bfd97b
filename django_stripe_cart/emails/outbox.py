"""Promised in the transaction, claimed by one process, sent at most once.

Who dies between the claim and the mail server's answer, or gets none, leaves an e-mail that may be
unsent rather than sent twice. Only what was certainly refused is tried again.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.database import after_commit
from django_stripe_cart.emails.delivery import send
from django_stripe_cart.exceptions import EmailNotSent, EmailRefused
from django_stripe_cart.logs import describe
from django_stripe_cart.models import Order, OrderEmail, Refund
from django_stripe_cart.timeline import BY_SYSTEM

logger = logging.getLogger("stripe_cart")

# After each refusal, until it is given up: a mail server that is away for a night loses nothing.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 30, 2 * 60, 8 * 60, 24 * 60))

# One address may be refused; as many in a row, and the mail server is away, or slow to say no.
MOST_REFUSALS = 3


def promise_email(order: Order, kind: str, *, refund: Refund | None = None) -> None:
    """Have the shopper told, once the open transaction is committed; if it isn't, nothing is sent.

    ``kind`` is one of ``OrderEmail.Kind``. Without an address, or with the kind turned off by
    ``STRIPE_CART_EMAILS``, nothing is promised. Asked for again, nothing more is sent.
    """
    if not will_email(order, kind):
        return
    email = OrderEmail.about(order, kind, refund=refund)
    OrderEmail.objects.bulk_create([email], ignore_conflicts=True)
    after_commit(functools.partial(_keep_promise, email))


def will_email(order: Order, kind: str) -> bool:
    """Whether the shopper has an address, and the shop tells such news by e-mail."""
    return kind in conf.emails and bool(order.email)


def send_left_behind() -> Iterator[tuple[OrderEmail, bool]]:
    """Send what nobody is sending and is still wanted, and yield each with whether it went out.

    A mail server that is away is not asked for every one: the others wait for the next call.
    """
    refusals = 0
    wanted = OrderEmail.objects.left_behind().filter(kind__in=conf.emails)
    for email in wanted.select_related("order"):
        was_sent = deliver(email)
        if was_sent is None:
            continue
        yield email, was_sent
        refusals = 0 if was_sent else refusals + 1
        if refusals == MOST_REFUSALS:
            return


def deliver(email: OrderEmail) -> bool | None:
    """Send it and return whether it went out; None if somebody else has it, or nobody wants it."""
    # Not by its key, which no database tells of a row that may have been there before.
    rows = OrderEmail.objects.filter(order=email.order_id, occasion=email.occasion)
    claimed_at, attempts = timezone.now(), F("attempts") + 1
    if not rows.filter(claimed_at=None).update(claimed_at=claimed_at, attempts=attempts):
        return None
    # Read only now, all at once: its order may have been anonymized, its refund refused meanwhile.
    related = ["order", "refund"] if email.refund_id else ["order"]
    email = rows.select_related(*related).get()
    if not _is_still_true(email):
        return None
    try:
        send(email, by=BY_SYSTEM, is_first=email.attempts == 1)
    except EmailRefused:
        _try_later(email)
        return False
    except EmailNotSent:
        return False
    return True


def _try_later(email: OrderEmail) -> None:
    if email.attempts <= len(WAITS):
        due_at = timezone.now() + WAITS[email.attempts - 1]
        # Staff may have sent it again meanwhile, with more luck.
        unsent = OrderEmail.objects.filter(pk=email.pk, sent_at=None)
        unsent.update(claimed_at=None, due_at=due_at)


def _is_still_true(email: OrderEmail) -> bool:
    """Whether the shopper was not forgotten meanwhile, nor the refund refused by their bank."""
    return bool(email.order.email) and not (email.refund and email.refund.is_gone)


def _keep_promise(email: OrderEmail) -> None:
    """After a commit: whatever goes wrong here must not undo, or hide, what was committed."""
    try:
        deliver(email)
    except Exception as error:
        what = describe(error)
        logger.error("An e-mail about order %s waits for the next sync: %s", email.order_id, what)
