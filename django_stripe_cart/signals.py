"""Signals about orders. They are sent in the transaction that changes the order.

Every signal is sent with ``sender=Order`` and the argument ``order``. ``order_refunded`` and
``refund_failed`` also have the argument ``refund``, ``order_disputed`` has ``dispute``, and
``order_issue_opened`` has ``issue``. If a receiver raises an exception, the change is rolled back.
A webhook is then answered with 500, so that Stripe retries it. Send e-mails and tasks in
``transaction.on_commit``::

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
order_issue_opened = Signal()
refund_failed = Signal()
