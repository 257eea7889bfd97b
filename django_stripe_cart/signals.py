"""Signals about orders. They are sent in the transaction that changes the order.

Each signal is sent with ``sender=Order`` and ``order``, and ``order_refunded`` also with
``refund``. If a receiver raises an exception, the change is rolled back; a webhook is answered
with 500, so that Stripe sends it again. Send e-mails and tasks in ``transaction.on_commit``::

    @receiver(order_paid)
    def send_receipt(sender, order, **kwargs):
        transaction.on_commit(lambda: mail_receipt(order.pk))
"""

from django.dispatch import Signal

order_placed = Signal()
order_paid = Signal()
order_fulfilled = Signal()
order_refunded = Signal()
order_canceled = Signal()
order_disputed = Signal()
