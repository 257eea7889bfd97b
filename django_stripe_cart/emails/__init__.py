"""E-mails to shoppers about paid, fulfilled, refunded and failed orders.

An e-mail is queued in the transaction of the change that it is about, and sent after the commit,
at most once.
"""

from django_stripe_cart.emails.delivery import email_kind, resend_email
from django_stripe_cart.emails.outbox import queue_email, send_pending_emails, will_email

__all__ = ["email_kind", "queue_email", "resend_email", "send_pending_emails", "will_email"]
