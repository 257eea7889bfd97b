"""Send an order's e-mail through the host's mail server, and note it on the timeline."""

from __future__ import annotations

import logging
import smtplib
from contextlib import suppress
from typing import Any

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.database import in_transaction
from django_stripe_cart.emails.rendering import write
from django_stripe_cart.exceptions import EmailNotSent, EmailRefused
from django_stripe_cart.logs import describe
from django_stripe_cart.models import Order, OrderEmail
from django_stripe_cart.timeline import BY_STAFF, Cause, note

logger = logging.getLogger("stripe_cart")

Kind = OrderEmail.Kind
Status = Order.Status

# What there is to say about an order as it stands.
KINDS = {
    Status.PAID: Kind.PAID,
    Status.FULFILLED: Kind.FULFILLED,
    Status.REFUNDED: Kind.REFUNDED,
    Status.FAILED: Kind.FAILED,
}

# In seconds, for each of its answers: whoever pays, or a worker of Stripe's webhook, waits.
LONGEST_WAIT = 10

# A server that hangs up, or says nothing more, is not among them: it may have taken the message.
REFUSALS = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
    ConnectionRefusedError,
)


def find_kind(order: Order) -> str:
    """str, the ``OrderEmail.Kind`` that tells how ``order`` stands; empty if none does."""
    return KINDS.get(order.status, "")


def send_again(order: Order, *, by: Cause = BY_STAFF) -> Order:
    """Send the e-mail that tells how ``order`` stands, once more, and return the order.

    Also if it was never sent, or is turned off by ``STRIPE_CART_EMAILS``. Raises ``EmailNotSent``
    if there is nothing to say or no address, or if the mail server does not take it.
    """
    order = Order.objects.get(pk=order.pk)
    kind = find_kind(order)
    if not kind:
        raise EmailNotSent(_("No e-mail tells of an order in this state."))
    if not order.email:
        raise EmailNotSent(_("The order has no e-mail address."))
    refund = order.refunds.standing().last() if kind == Kind.REFUNDED else None
    email = OrderEmail.about(order, kind, refund=refund)
    send(email, by=by)
    return order


def send(email: OrderEmail, *, by: Cause, is_first: bool = True) -> None:
    """Send one. Raises ``EmailNotSent``, noted on the timeline unless it has failed before.

    No transaction is open and no row is locked while the mail server answers.
    """
    try:
        hand_over(_write(email))
    except Exception as error:
        # The server's own words may name the address, so they stay out of the log.
        what = type(error.__cause__ or error).__name__
        logger.warning("E-mail %s of order %s: %s", email.kind, email.order.reference, what)
        if is_first:
            note(email.order, kind="email_failed", by=by, message=email.kind)
        if isinstance(error, EmailRefused):
            raise
        raise EmailNotSent from error
    _write_down(email, by=by)


def _write(email: OrderEmail) -> EmailMultiAlternatives:
    try:
        return write(email)
    except Exception as error:
        # A mistake in a template of the host's, who has to find it.
        words = (email.kind, email.order.reference, describe(error))
        logger.error("E-mail %s of order %s is not written: %s", *words)
        raise EmailRefused from error


def hand_over(message: EmailMultiAlternatives) -> None:
    """Raise ``EmailRefused`` if it is certain that nothing was sent.

    After any other exception it may have been: to send it once more could be twice.
    """
    try:
        mailer = find_mailer()
        mailer.open()
    except Exception as error:
        raise EmailRefused from error
    try:
        mailer.send_messages([message])
    except REFUSALS as error:
        raise EmailRefused from error
    finally:
        with suppress(Exception):
            mailer.close()


def find_mailer() -> Any:
    """Return the host's default mailer, with our time-out if it has none (Django's default)."""
    # Before Django 6.1 there is only one.
    mailer: Any = mail.mailers.default if hasattr(mail, "mailers") else mail.get_connection()
    if getattr(mailer, "timeout", LONGEST_WAIT) is None:
        mailer.timeout = LONGEST_WAIT
    return mailer


@in_transaction(durable=False)
def _write_down(email: OrderEmail, *, by: Cause) -> None:
    now = timezone.now()
    rows = OrderEmail.objects.filter(order=email.order, occasion=email.occasion)
    rows.update(sent_at=now, claimed_at=now)
    note(email.order, kind="email_sent", by=by, message=email.kind)
