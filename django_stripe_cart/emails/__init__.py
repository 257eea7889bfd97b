"""E-mails to shoppers about their orders, and to managers about issues.

An e-mail is queued in the transaction that changes the order. It is sent after the commit, and at
most once.
"""

from django_stripe_cart.emails.delivery import email_kind, resend_email
from django_stripe_cart.emails.outbox import queue_email, send_pending_emails, will_email

__all__ = ["email_kind", "queue_email", "resend_email", "send_pending_emails", "will_email"]
