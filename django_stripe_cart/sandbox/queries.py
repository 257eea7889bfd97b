"""What there is to look at: every object, as plain data, oldest first."""

from django_stripe_cart.sandbox.account import public
from django_stripe_cart.sandbox.core import SandboxCore
from django_stripe_cart.sandbox.http import Object


class SandboxQueries(SandboxCore):
    """The objects of the account, and the calls that were made."""

    @property
    def sessions(self) -> list[Object]:
        """The Checkout Sessions."""
        return self._all("checkout.session")

    @property
    def payment_intents(self) -> list[Object]:
        """The payment intents."""
        return self._all("payment_intent")

    @property
    def charges(self) -> list[Object]:
        """The charges, those that failed too."""
        return self._all("charge")

    @property
    def refunds(self) -> list[Object]:
        """The refunds."""
        return self._all("refund")

    @property
    def disputes(self) -> list[Object]:
        """The disputes."""
        return self._all("dispute")

    @property
    def events(self) -> list[Object]:
        """The events, however old."""
        return self._all("event")

    @property
    def requests(self) -> list[Object]:
        """The calls to the API."""
        return list(self._log.entries)

    def _all(self, noun: str) -> list[Object]:
        self._catch_up()
        return [public(obj) for obj in self._account.store.find(noun)]
