"""Simulate the actions of shoppers, banks and merchants."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django_stripe_cart.sandbox import radar, session_payment
from django_stripe_cart.sandbox.account import Account, remove_internal_data
from django_stripe_cart.sandbox.api.refunds import create_refund
from django_stripe_cart.sandbox.api.sessions import expire_session
from django_stripe_cart.sandbox.clock import Clock
from django_stripe_cart.sandbox.disputes import close_dispute, open_dispute, set_dispute_status
from django_stripe_cart.sandbox.errors import resource_missing
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.discount import build_coupon
from django_stripe_cart.sandbox.payment import Payment
from django_stripe_cart.sandbox.refunds import STATUSES, set_refund_status
from django_stripe_cart.sandbox.webhooks.queue import DeliveryQueue


class SimulatedActions:
    """The part of `Sandbox` that simulates shoppers, banks and merchants.

    Every method takes an object or its id, and raises `ApiError` if Stripe would refuse the action.
    """

    clock: Clock
    _account: Account
    _queue: DeliveryQueue

    def pay(self, session: str | Object, card: str = "4242424242424242", **form: str) -> Payment:
        """Pay a session as a shopper does on the payment page, and return the result.

        `session` is the session object, its id or the URL of its payment page. `form` overrides the
        values of the fields `name`, `email`, `expiry`, `cvc` and `shipping_rate`.
        """
        defaults = {
            "method": "card",
            "number": card,
            "expiry": f"12/{datetime.fromtimestamp(self.clock.now(), UTC).year + 3}",
            "cvc": "123",
            "name": "Test Shopper",
            "email": "shopper@example.com",
        }
        session_id = id_of(session)
        with self._account.change():
            payment = session_payment.submit_form(self._account, session_id, {**defaults, **form})
        return self._deliver_and_wait(session_id, payment)

    def pay_by_bank_debit(self, session: str | Object, **form: str) -> Payment:
        """Pay a session by bank debit. The payment is pending until `settle` is called."""
        return self.pay(session, **{"method": "bank_debit", **form})

    def confirm_3ds(self, session: str | Object, ok: bool = True) -> Payment:
        """Complete 3D Secure as the shopper does. With `ok=False`, 3D Secure fails."""
        session_id = id_of(session)
        with self._account.change():
            payment = session_payment.confirm_3ds(self._account, session_id, ok=ok)
        return self._deliver_and_wait(session_id, payment)

    def settle(self, session: str | Object, ok: bool = True) -> Payment:
        """Settle a session's pending bank debit. With `ok=False`, the debit fails."""
        with self._account.change():
            payment = session_payment.settle_bank_debit(self._account, id_of(session), ok=ok)
        self._queue.deliver_or_notify()
        return payment

    def expire(self, session: str | Object) -> Object:
        """Expire an open session now."""
        with self._account.change():
            expired = expire_session(self._account, id_of(session))
        return self._deliver_and_return(expired)

    def refund(
        self, payment: str | Object, amount: int | None = None, reason: str | None = None
    ) -> Object:
        """Refund a payment, as the merchant does in the Dashboard.

        `payment` is a session, a payment intent or a charge. By default, everything that is left of
        the payment is refunded.
        """
        given = {"amount": amount, "reason": reason}
        params = {name: value for name, value in given.items() if value is not None}
        with self._account.change():
            charge = self._find_charge(payment)
            refund = create_refund(self._account, {"charge": charge["id"], **params})
        return self._deliver_and_return(refund)

    def set_refund_status(self, refund: str | Object, status: str) -> Object:
        """Set a refund's status: pending, requires_action, succeeded, failed or canceled."""
        if status not in STATUSES:
            raise ValueError(f"A refund is one of {STATUSES}, not {status!r}.")
        with self._account.change():
            found = self._account.get("refund", id_of(refund))
            moved = set_refund_status(self._account, found, status)
        return self._deliver_and_return(moved)

    def open_dispute(
        self,
        payment: str | Object,
        is_inquiry: bool = False,
        reason: str = "fraudulent",
        status: str | None = None,
        amount: int | None = None,
    ) -> Object:
        """Open a dispute over a payment, by default over its whole amount.

        An inquiry withdraws no money. A dispute with `status="lost"` is lost from the start. For
        example, this happens when a bank takes back a bank debit.
        """
        status = status or ("warning_needs_response" if is_inquiry else "needs_response")
        with self._account.change():
            charge = self._find_charge(payment)
            dispute = open_dispute(
                self._account, charge, status=status, reason=reason, amount=amount
            )
        return self._deliver_and_return(dispute)

    def set_dispute_status(self, dispute: str | Object, status: str) -> Object:
        """Set a dispute's status, such as `under_review`.

        The money is withdrawn or returned, as the new status requires.
        """
        with self._account.change():
            found = self._account.get("dispute", id_of(dispute))
            moved = set_dispute_status(self._account, found, status)
        return self._deliver_and_return(moved)

    def close_dispute(self, dispute: str | Object, won: bool = True) -> Object:
        """Close a dispute that the merchant wins. With `won=False`, the merchant loses."""
        with self._account.change():
            found = self._account.get("dispute", id_of(dispute))
            closed = close_dispute(self._account, found, won=won)
        return self._deliver_and_return(closed)

    def open_review(self, payment: str | Object, opened_reason: str = "rule") -> Object:
        """Open a review of a payment.

        `opened_reason` is `rule` for a review by a Radar rule, or `manual` for a review by the
        merchant.
        """
        _check_choice(opened_reason, radar.OPENED_REASONS, "review is opened by")
        with self._account.change():
            charge = self._find_charge(payment)
            review = radar.open_review(self._account, charge, opened_reason=opened_reason)
        return self._deliver_and_return(review)

    def close_review(self, review: str | Object, reason: str = "approved") -> Object:
        """Close a review. A full refund or a dispute closes a review without this call."""
        _check_choice(reason, radar.CLOSED_REASONS, "review is closed as")
        with self._account.change():
            found = self._account.get(radar.REVIEW, id_of(review))
            closed = radar.close_review(self._account, found, reason=reason)
        return self._deliver_and_return(closed)

    def warn_of_fraud(
        self, payment: str | Object, fraud_type: str = "made_with_stolen_card"
    ) -> Object:
        """Create an early fraud warning about a card payment, as the card's bank does."""
        _check_choice(fraud_type, radar.FRAUD_TYPES, "type of fraud is")
        with self._account.change():
            charge = self._find_charge(payment)
            warning = radar.warn_of_fraud(self._account, charge, fraud_type=fraud_type)
        return self._deliver_and_return(warning)

    def resend(self, session: str | Object) -> list[Object]:
        """Resend the latest event about a session, and return the new deliveries.

        The event is sent to all endpoints that subscribe to this type of event.
        """
        with self._account.change():
            events = self._account.store.find("event", data__object__id=id_of(session))
            deliveries = [
                self._account.schedule_delivery(event, endpoint)
                for event in events[-1:]
                for endpoint in self._account.endpoints_for(event["type"])
            ]
        self._queue.deliver_or_notify()
        return deliveries

    def add_coupon(
        self,
        id: str,
        percent_off: float | None = None,
        amount_off: int | None = None,
        currency: str | None = None,
    ) -> Object:
        """Add a coupon. A new session can contain the coupon's id in its `discounts`."""
        if (percent_off is None) == (amount_off is None):
            raise ValueError("A coupon takes off either a percentage or an amount.")
        with self._account.change():
            coupon = build_coupon(
                id,
                percent_off=percent_off,
                amount_off=amount_off,
                currency=currency,
                created=self.clock.now(),
            )
            return remove_internal_data(self._account.save(coupon))

    def _find_charge(self, payment: str | Object) -> Object:
        """Return the latest charge of a session or a payment intent.

        If `payment` is a charge, return this charge.
        """
        found = self._account.store.get(id_of(payment))
        if found is not None and found["object"] == "checkout.session":
            found = self._account.store.get(found["payment_intent"] or "")
        if found is not None and found["object"] == "payment_intent":
            found = self._account.store.get(found["latest_charge"] or "")
        if found is None or found["object"] != "charge":
            raise resource_missing("charge", id_of(payment))
        return found

    def _deliver_and_wait(self, session_id: str, payment: Payment) -> Payment:
        """Deliver the webhooks that are due, and return the result of paying.

        If the session is complete, first wait until its event has been sent once. Stripe also waits
        for this before it redirects the shopper.
        """
        self._queue.deliver_or_notify()
        if payment.status in ("paid", "processing", "complete"):
            self._queue.wait_for_first_attempt("checkout.session.completed", session_id)
        return payment

    def _deliver_and_return(self, obj: Object) -> Object:
        """Deliver the webhooks that are due, and return the object without internal data."""
        self._queue.deliver_or_notify()
        return remove_internal_data(obj)


def _check_choice(value: str, choices: Sequence[str], subject: str) -> None:
    """Raise `ValueError` if `value` is not in `choices`.

    `subject` is the start of the error message.
    """
    if value not in choices:
        raise ValueError(f"A {subject} one of {', '.join(choices)}, not {value!r}.")


def id_of(thing: str | Object) -> str:
    """Return the id of an object.

    `thing` is the object, its id or the URL of its page.
    """
    text = str(thing if isinstance(thing, str) else thing["id"])
    return urlsplit(text).path.rsplit("/", 1)[-1]
