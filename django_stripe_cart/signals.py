"""What a host can listen to: facts, sent inside the transaction that makes them true.

Every signal is sent with ``sender=Order`` and ``order``; ``order_refunded`` also with ``refund``.
If a receiver raises, the change is undone and Stripe is answered 500, so that it rings again.
E-mails and tasks therefore belong into ``transaction.on_commit``::

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
