"""The parts of a sandbox: the account, the faults, the webhooks and the clock."""

from pathlib import Path
from urllib.parse import urlsplit

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import resource_missing
from django_stripe_cart.sandbox.faults import Faults
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.request_log import RequestLog
from django_stripe_cart.sandbox.scheduled import TASKS
from django_stripe_cart.sandbox.shopper import Shopper
from django_stripe_cart.sandbox.webhooks.queue import DeliveryQueue


class SandboxCore:
    """The parts of a sandbox and their connections; use `Sandbox`."""

    def __init__(self, data: str | Path | None, base_url: str | None) -> None:
        self._account = Account(data, base_url)
        self._account.tasks = TASKS
        self._log = RequestLog()
        self.faults = Faults()
        self._queue = DeliveryQueue(self._account, self.faults)
        self._shopper = Shopper(self._account, self._queue)
        self.clock = self._account.clock
        self.clock.on_change(self._run_due_tasks)

    def _run_due_tasks(self) -> None:
        """Run the tasks that are due, and deliver their webhooks."""
        self._account.catch_up()
        self._queue.flush()

    def _find_charge(self, payment: str | Object) -> Object:
        """Return the latest charge of a session, a payment intent or a charge."""
        found = self._account.store.get(id_of(payment))
        if found is not None and found["object"] == "checkout.session":
            found = self._account.store.get(found["payment_intent"] or "")
        if found is not None and found["object"] == "payment_intent":
            found = self._account.store.get(found["latest_charge"] or "")
        if found is None or found["object"] != "charge":
            raise resource_missing("charge", id_of(payment))
        return found


def id_of(thing: str | Object) -> str:
    """Return an id, given the id, the object or the URL of a payment page."""
    text = str(thing if isinstance(thing, str) else thing["id"])
    return urlsplit(text).path.rsplit("/", 1)[-1]
