"""Payments by a shopper: each changes the account, delivers webhooks and returns the result."""

from collections.abc import Mapping

from django_stripe_cart.sandbox import checkout
from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.payment import Payment
from django_stripe_cart.sandbox.webhooks.queue import DeliveryQueue

COMPLETED = "checkout.session.completed"


class Shopper:
    """The actions of the payment page, for the page itself and for `Sandbox`."""

    def __init__(self, account: Account, queue: DeliveryQueue) -> None:
        self._account, self._queue = account, queue

    def pay(self, session_id: str, form: Mapping[str, str]) -> Payment:
        """Submit the payment form."""
        with self._account.change():
            payment = checkout.submit(self._account, session_id, form)
        return self._deliver_webhooks(session_id, payment)

    def confirm_3ds(self, session_id: str, *, ok: bool) -> Payment:
        """Complete or fail 3D Secure."""
        with self._account.change():
            payment = checkout.confirm_3ds(self._account, session_id, ok=ok)
        return self._deliver_webhooks(session_id, payment)

    def settle(self, session_id: str, *, ok: bool) -> Payment:
        """Complete a bank debit, as succeeded or failed."""
        with self._account.change():
            payment = checkout.settle(self._account, session_id, ok=ok)
        self._queue.flush()
        return payment

    def _deliver_webhooks(self, session_id: str, payment: Payment) -> Payment:
        """Deliver the webhooks, and wait for the merchant before the shopper is redirected."""
        self._queue.flush()
        if payment.status in ("paid", "processing", "complete"):
            self._queue.wait_for(COMPLETED, session_id)
        return payment
