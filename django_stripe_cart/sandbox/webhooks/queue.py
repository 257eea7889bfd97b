"""When webhooks go: at once in the caller's thread, in threads of our own, or when told to."""

import sqlite3
import threading

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.faults import Faults
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.store import compares
from django_stripe_cart.sandbox.webhooks.delivery import Deliver, Postman

WORKERS = 4
# How often a worker looks at the clock, which moves by itself, too.
TICK = 0.5
# How long the payment page waits for the merchant's answer before it sends the shopper on.
PATIENCE = 10


class Deliveries:
    """Sends what is due: in the caller's thread, or in threads of its own while a server runs."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self._account = account
        self._postman = Postman(account, faults)
        self._is_inline = False
        self.is_held = False
        self._in_flight: set[str] = set()
        self._changed = threading.Condition()
        self._wakes = 0
        self._workers: list[threading.Thread] = []
        self._stopping = False
        self._here = threading.local()

    def deliver_with(self, deliver: Deliver | None) -> None:
        """Hand deliveries to a callable, in the thread that caused them; None holds them back."""
        self._postman.deliver, self._is_inline = deliver, deliver is not None

    @property
    def pending(self) -> list[Object]:
        """Return what has not arrived yet, oldest first."""
        return self._account.store.find("delivery", compares("due_at", "gte", 0))

    def go(self) -> None:
        """Let what is due go its way; called after each change."""
        if self._is_inline and not self.is_held:
            self.deliver_due()
        else:
            self._wake()

    def deliver_due(self) -> list[Object]:
        """Send what is due now, in this thread, and return what came of it."""
        if self._postman.deliver is None or getattr(self._here, "is_delivering", False):
            return []
        self._here.is_delivering = True
        try:
            return [self._attempt(one) for one in iter(self._claim, None)]
        finally:
            self._here.is_delivering = False

    def wait_for(self, type: str, object_id: str) -> None:
        """Wait for the first answer to an event, as Stripe does before it redirects."""
        if self._workers and self._is_in_background:
            with self._changed:
                self._changed.wait_for(lambda: not self._is_untried(type, object_id), PATIENCE)

    def start(self) -> None:
        """Send from threads of our own, until `stop`."""
        self._stopping = False
        for number in range(WORKERS):
            name = f"stripe-sandbox-webhooks-{number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._workers.append(thread)
            thread.start()

    def stop(self) -> None:
        """Finish what is being sent, and send no more."""
        self._stopping = True
        self._wake()
        for thread in self._workers:
            thread.join(timeout=1)
        self._workers.clear()

    @property
    def _is_in_background(self) -> bool:
        """Whether our own threads do the sending, while there are any."""
        return not self._is_inline and not self.is_held and self._postman.deliver is not None

    def _work(self) -> None:
        try:
            while not self._stopping:
                self._work_once()
        except sqlite3.ProgrammingError:
            """The sandbox was closed meanwhile."""

    def _work_once(self) -> None:
        seen = self._wakes
        delivery = self._claim() if self._is_in_background else None
        if delivery is not None:
            self._attempt(delivery)
            return
        with self._changed:
            was_woken = self._changed.wait_for(lambda: self._wakes != seen, TICK)
        if not was_woken:
            self._account.catch_up()

    def _claim(self) -> Object | None:
        """Take the oldest delivery that is due and in nobody's hands."""
        with self._account.store.transaction():
            now = self._account.clock.now()
            due = self._account.store.find("delivery", compares("due_at", "lte", now))
            for delivery in due:
                if delivery["id"] not in self._in_flight:
                    self._in_flight.add(delivery["id"])
                    return delivery
        return None

    def _attempt(self, delivery: Object) -> Object:
        try:
            return self._postman.attempt(delivery)
        finally:
            self._in_flight.discard(delivery["id"])
            self._wake()

    def _is_untried(self, type: str, object_id: str) -> bool:
        return any(
            (one["type"], one["object"], one["attempts"]) == (type, object_id, 0)
            for one in self.pending
        )

    def _wake(self) -> None:
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()
