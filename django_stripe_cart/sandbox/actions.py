"""What people do: shoppers pay, banks decide, and merchants click in the Dashboard."""

from datetime import UTC, datetime

from django_stripe_cart.sandbox.account import public
from django_stripe_cart.sandbox.api.refunds import create_refund
from django_stripe_cart.sandbox.api.sessions import expire_session
from django_stripe_cart.sandbox.core import SandboxCore, id_of
from django_stripe_cart.sandbox.disputes import close_dispute, move_dispute, open_dispute
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.discount import build_coupon
from django_stripe_cart.sandbox.payment import Payment
from django_stripe_cart.sandbox.refunds import STATUSES, move_refund


class SandboxActions(SandboxCore):
    """The levers. A session, payment or refund is given by its id or as an object.

    What Stripe would refuse is refused with `ApiError`.
    """

    def pay(self, session: str | Object, card: str = "4242424242424242", **form: str) -> Payment:
        """Pay a session as a person would on its page, whose address will do as well.

        `form` may give `name`, `email`, `expiry`, `cvc` and `shipping_rate`.
        """
        defaults = {
            "method": "card",
            "number": card,
            "expiry": f"12/{datetime.fromtimestamp(self.clock.now(), UTC).year + 3}",
            "cvc": "123",
            "name": "Test Shopper",
            "email": "shopper@example.com",
        }
        return self._shopper.pay(id_of(session), {**defaults, **form})

    def pay_by_bank_debit(self, session: str | Object, **form: str) -> Payment:
        """Pay with the bank debit, whose money arrives days later, or never."""
        return self.pay(session, **{"method": "bank_debit", **form})

    def confirm_3ds(self, session: str | Object, ok: bool = True) -> Payment:
        """Complete or fail the step that 3D Secure asks for."""
        return self._shopper.confirm_3ds(id_of(session), ok=ok)

    def settle(self, session: str | Object, ok: bool = True) -> Payment:
        """Let the money of a bank debit arrive, or have the bank refuse it."""
        return self._shopper.settle(id_of(session), ok=ok)

    def expire(self, session: str | Object) -> Object:
        """Expire an open session now."""
        with self._account.change():
            expired = expire_session(self._account, id_of(session))
        return self._told(expired)

    def refund(
        self, payment: str | Object, amount: int | None = None, reason: str | None = None
    ) -> Object:
        """Refund a session, payment intent or charge, as a person does in the Dashboard."""
        given = {"amount": amount, "reason": reason}
        params = {name: value for name, value in given.items() if value is not None}
        with self._account.change():
            charge = self._charge_of(payment)
            refund = create_refund(self._account, {"charge": charge["id"], **params})
        return self._told(refund)

    def move_refund(self, refund: str | Object, status: str) -> Object:
        """Let a refund become pending, requires_action, succeeded, failed or canceled."""
        if status not in STATUSES:
            raise ValueError(f"A refund is one of {STATUSES}, not {status!r}.")
        with self._account.change():
            found = self._account.get("refund", id_of(refund))
            moved = move_refund(self._account, found, status)
        return self._told(moved)

    def open_dispute(self, payment: str | Object, is_inquiry: bool = False) -> Object:
        """Have the bank dispute a payment; an inquiry asks first, and takes no money."""
        with self._account.change():
            charge = self._charge_of(payment)
            dispute = open_dispute(self._account, charge, is_inquiry=is_inquiry)
        return self._told(dispute)

    def move_dispute(self, dispute: str | Object, status: str) -> Object:
        """Let a dispute go on to another status, `under_review` for instance."""
        with self._account.change():
            found = self._account.get("dispute", id_of(dispute))
            moved = move_dispute(self._account, found, status)
        return self._told(moved)

    def close_dispute(self, dispute: str | Object, won: bool = True) -> Object:
        """Have the bank decide."""
        with self._account.change():
            found = self._account.get("dispute", id_of(dispute))
            closed = close_dispute(self._account, found, won=won)
        return self._told(closed)

    def resend(self, session: str | Object) -> list[Object]:
        """Send a session's last event once more, and return its deliveries."""
        with self._account.change():
            events = self._account.store.find("event", data__object__id=id_of(session))
            deliveries = [
                self._account.schedule_delivery(event, endpoint)
                for event in events[-1:]
                for endpoint in self._account.endpoints_for(event["type"])
            ]
        self._deliveries.go()
        return deliveries

    def add_coupon(
        self,
        id: str,
        percent_off: float | None = None,
        amount_off: int | None = None,
        currency: str | None = None,
    ) -> Object:
        """Add a coupon that sessions may name in `discounts`."""
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
            return public(self._account.save(coupon))

    def _told(self, obj: Object) -> Object:
        """Let the webhooks go, and return the object."""
        self._deliveries.go()
        return public(obj)
