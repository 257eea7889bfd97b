"""Send e-mails with the project's mail backend, and record them on the order's timeline."""

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

# Seconds to wait for each reply of the mail server, because a shopper or Stripe's webhook waits.
DEFAULT_TIMEOUT = 10

# After one of these errors, nothing was sent. After a time-out, the message may have been sent.
REFUSALS = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
    ConnectionRefusedError,
)


def email_kind(order: Order) -> str:
    """Return the ``OrderEmail.Kind`` for the order's status, or "" if the status has no e-mail."""
    # A kind has the same name as its status.
    return order.status if order.status in Kind.values else ""


def resend_email(order: Order, *, by: Cause = BY_STAFF) -> Order:
    """Resend the e-mail about the order's status, and return the order freshly read.

    The e-mail is sent even if it was never sent before, and even if ``STRIPE_CART_EMAILS`` turns
    off e-mails of its kind. ``by`` (a ``Cause``) is written to the timeline.

    Raises ``EmailNotSent`` if the status has no e-mail, if the order has no address, or if the
    e-mail may not have been sent. Raises the subclass ``EmailRefused`` if the e-mail was certainly
    not sent.
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
    """Send ``email``. Save the time on its row, and add an entry to the order's timeline.

    Raises ``EmailNotSent`` or its subclass ``EmailRefused`` if the sending fails. If ``is_first``
    is True, the failure is written to the timeline. No transaction is open during the request to
    the mail server.
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
    """Return the message for ``email``. Raises ``EmailRefused`` if a template has an error."""
    try:
        return render(email)
    except Exception as error:
        # The error is usually in one of the host's templates, which the log names.
        details = (email.kind, email.order.reference, describe_without_values(error))
        logger.error("E-mail %s of order %s is not written: %s", *details)
        raise EmailRefused from error


def send_message(message: EmailMultiAlternatives) -> None:
    """Send ``message``. Raises ``EmailRefused`` if it was certainly not sent.

    After any other exception, the message may have been sent, and must not be sent again.
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
    """Return the project's mail connection. If it has no time-out, set the default time-out."""
    # Django 6.1 has several mail connections, called mailers.
    mailer: Any = mail.mailers.default if hasattr(mail, "mailers") else mail.get_connection()
    if getattr(mailer, "timeout", DEFAULT_TIMEOUT) is None:
        mailer.timeout = DEFAULT_TIMEOUT
    return mailer


@in_transaction(durable=False)
def _record_sent(email: OrderEmail, *, by: Cause) -> None:
    """Save the time of sending on the row of ``email``. Add an entry to the order's timeline."""
    now = timezone.now()
    rows = OrderEmail.objects.filter(order=email.order, dedupe_key=email.dedupe_key)
    rows.update(sent_at=now, claimed_at=now)
    note(email.order, kind="email_sent", by=by, message=email.kind)
