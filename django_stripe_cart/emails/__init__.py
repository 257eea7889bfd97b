"""What the shop writes to the shopper: that an order is paid, fulfilled, refunded, or failed.

Promised with the change that it tells of, sent after the commit, and each at most once.
"""

from django_stripe_cart.emails.delivery import find_kind, send_again
from django_stripe_cart.emails.outbox import promise_email, send_left_behind, will_email

__all__ = ["find_kind", "promise_email", "send_again", "send_left_behind", "will_email"]
