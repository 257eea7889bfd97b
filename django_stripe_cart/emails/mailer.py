"""The host's mail server: nobody waits for it without end, and what it said is told apart."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from typing import Any

from django.core import mail
from django.core.mail import EmailMultiAlternatives

from django_stripe_cart.exceptions import EmailRefused

# In seconds, for each of its answers: whoever pays, or a worker of Stripe's webhook, waits.
LONGEST_WAIT = 10

# A server that hangs up, or says nothing more, is not among them: it may have taken the message.
REFUSALS = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
    ConnectionRefusedError,
)


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
