"""Delivery of e-mails through the host's mail backend, noted on the order's timeline."""

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
from django_stripe_cart.emails.rendering import render
from django_stripe_cart.exceptions import EmailNotSent, EmailRefused
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import Order, OrderEmail
from django_stripe_cart.timeline import BY_STAFF, Cause, note

logger = logging.getLogger("stripe_cart")

Kind = OrderEmail.Kind
Status = Order.Status

KINDS = {
    Status.PAID: Kind.PAID,
    Status.FULFILLED: Kind.FULFILLED,
    Status.REFUNDED: Kind.REFUNDED,
    Status.FAILED: Kind.FAILED,
}

# In seconds, for each of the server's replies: a shopper, or Stripe's webhook, is waiting.
DEFAULT_TIMEOUT = 10

# Certain refusals. After a lost connection or a time-out, the server may have taken the message.
REFUSALS = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
    ConnectionRefusedError,
)


def email_kind(order: Order) -> str:
    """Return the ``OrderEmail.Kind`` for the order's status, or "" if it has none."""
    return KINDS.get(order.status, "")


def resend_email(order: Order, *, by: Cause = BY_STAFF) -> Order:
    """Send the e-mail for the order's status again, and return the order freshly read.

    It is also sent if it never was, or if ``STRIPE_CART_EMAILS`` turns its kind off. ``by`` is a
    ``Cause``, noted on the timeline. Raises ``EmailNotSent`` if the status has no e-mail, the order
    no address, or sending failed; its subclass ``EmailRefused`` if certainly nothing was sent.
    """
    order = Order.objects.get(pk=order.pk)
    kind = email_kind(order)
    if not kind:
        raise EmailNotSent(_("There is no e-mail for this order status."))
    if not order.email:
        raise EmailNotSent(_("The order has no e-mail address."))
    refund = order.refunds.active().last() if kind == Kind.REFUNDED else None
    email = OrderEmail.for_order(order, kind, refund=refund)
    send(email, by=by)
    return order


def send(email: OrderEmail, *, by: Cause, is_first: bool = True) -> None:
    """Send ``email`` and record it.

    Raises ``EmailNotSent``, and notes the failure on the timeline if ``is_first``. No transaction
    is open and no row is locked while waiting for the mail server.
    """
    try:
        send_message(_render(email))
    except Exception as error:
        # The server's message may contain the address, so it is not logged.
        what = type(error.__cause__ or error).__name__
        logger.warning("E-mail %s of order %s: %s", email.kind, email.order.reference, what)
        if is_first:
            note(email.order, kind="email_failed", by=by, message=email.kind)
        if isinstance(error, EmailRefused):
            raise
        raise EmailNotSent from error
    _record_sent(email, by=by)


def _render(email: OrderEmail) -> EmailMultiAlternatives:
    try:
        return render(email)
    except Exception as error:
        # Usually an error in a template of the host's: the log says which.
        details = (email.kind, email.order.reference, describe_without_values(error))
        logger.error("E-mail %s of order %s is not written: %s", *details)
        raise EmailRefused from error


def send_message(message: EmailMultiAlternatives) -> None:
    """Send ``message``. Raises ``EmailRefused`` if it is certain that nothing was sent.

    After any other exception it may have been sent, so trying again could send it twice.
    """
    try:
        mailer = get_mailer()
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


def get_mailer() -> Any:
    """Return the host's default mailer, with a time-out: Django's default is none."""
    # Django 6.1 has several mailers, by alias.
    mailer: Any = mail.mailers.default if hasattr(mail, "mailers") else mail.get_connection()
    if getattr(mailer, "timeout", DEFAULT_TIMEOUT) is None:
        mailer.timeout = DEFAULT_TIMEOUT
    return mailer


@in_transaction(durable=False)
def _record_sent(email: OrderEmail, *, by: Cause) -> None:
    now = timezone.now()
    rows = OrderEmail.objects.filter(order=email.order, dedupe_key=email.dedupe_key)
    rows.update(sent_at=now, claimed_at=now)
    note(email.order, kind="email_sent", by=by, message=email.kind)
