"""The account's objects and the logged calls, as properties of `Sandbox`."""

from django_stripe_cart.sandbox.account import public
from django_stripe_cart.sandbox.core import SandboxCore
from django_stripe_cart.sandbox.http import Object


class SandboxQueries(SandboxCore):
    """All objects, as dicts, oldest first."""

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
        """The charges, including failed ones."""
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
        """The events, of any age."""
        return self._all("event")

    @property
    def requests(self) -> list[Object]:
        """The API calls."""
        return list(self._log.entries)

    def _all(self, kind: str) -> list[Object]:
        self._run_due_tasks()
        return [public(obj) for obj in self._account.store.find(kind)]
