"""The people around a session: who pays, and the bank that confirms or settles.

Each verb changes the account, lets the webhooks go, and says what came of it.
"""

from collections.abc import Mapping

from django_stripe_cart.sandbox import checkout
from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.payment import Payment
from django_stripe_cart.sandbox.webhooks.queue import Deliveries

COMPLETED = "checkout.session.completed"


class Shopper:
    """What the payment page does, whether a person clicks or a test calls."""

    def __init__(self, account: Account, deliveries: Deliveries) -> None:
        self._account, self._deliveries = account, deliveries

    def pay(self, session_id: str, form: Mapping[str, str]) -> Payment:
        """Send the payment form."""
        with self._account.change():
            payment = checkout.submit(self._account, session_id, form)
        return self._tell(session_id, payment)

    def confirm_3ds(self, session_id: str, *, ok: bool) -> Payment:
        """Complete or fail the bank's step."""
        with self._account.change():
            payment = checkout.confirm_3ds(self._account, session_id, ok=ok)
        return self._tell(session_id, payment)

    def settle(self, session_id: str, *, ok: bool) -> Payment:
        """Let a bank debit arrive, or fail."""
        with self._account.change():
            payment = checkout.settle(self._account, session_id, ok=ok)
        self._deliveries.go()
        return payment

    def _tell(self, session_id: str, payment: Payment) -> Payment:
        """Give the merchant a moment to hear of it before the shopper comes back."""
        self._deliveries.go()
        if payment.status in ("paid", "processing", "complete"):
            self._deliveries.wait_for(COMPLETED, session_id)
        return payment
