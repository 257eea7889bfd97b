"""The queue of webhook deliveries."""

import sqlite3
import threading

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.faults import Faults
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.store import compares
from django_stripe_cart.sandbox.webhooks.sender import Deliver, WebhookSender

WORKERS = 4
# Seconds between two checks for due deliveries: real time passes without a notification.
POLL_INTERVAL = 0.5
# Seconds that the payment page waits for the first attempt before it redirects the shopper.
FIRST_ATTEMPT_TIMEOUT = 10


class DeliveryQueue:
    """A queue of webhooks, which are sent when they are due.

    The calling thread or worker threads send the webhooks.
    """

    def __init__(self, account: Account, faults: Faults) -> None:
        self._account = account
        self._sender = WebhookSender(account, faults)
        self._is_inline = False
        self.is_held = False
        self._in_flight: set[str] = set()
        self._changed = threading.Condition()
        self._wake_count = 0
        self._workers: list[threading.Thread] = []
        self._stopping = False
        self._local = threading.local()

    def deliver_with(self, deliver: Deliver | None) -> None:
        """Send webhooks in the calling thread by calling `deliver`.

        If `deliver` is None, webhooks stay pending.
        """
        self._sender.deliver, self._is_inline = deliver, deliver is not None

    @property
    def pending(self) -> list[Object]:
        """Return the deliveries that will be sent or retried, oldest first."""
        return self._account.store.find("delivery", compares("due_at", "gte", 0))

    def deliver_or_notify(self) -> None:
        """Send the webhooks that are due, or wake the worker threads to send them.

        While `is_held` is true, no webhook is sent.
        """
        if self._is_inline and not self.is_held:
            self.deliver_due()
        else:
            self._wake_threads()

    def deliver_due(self) -> list[Object]:
        """Send the webhooks that are due, and return the deliveries.

        The calling thread sends the webhooks.
        """
        if self._sender.deliver is None or getattr(self._local, "is_delivering", False):
            return []
        self._local.is_delivering = True
        try:
            return [self._attempt_delivery(one) for one in iter(self._claim_due_delivery, None)]
        finally:
            self._local.is_delivering = False

    def wait_for_first_attempt(self, type: str, object_id: str) -> None:
        """Wait until the worker threads have sent this event about an object once.

        Stripe redirects the shopper only after this first attempt.
        """
        if self._workers and self._uses_workers:
            with self._changed:
                self._changed.wait_for(
                    lambda: not self._is_unattempted(type, object_id), FIRST_ATTEMPT_TIMEOUT
                )

    def start(self) -> None:
        """Start the worker threads."""
        self._stopping = False
        for number in range(WORKERS):
            name = f"stripe-sandbox-webhooks-{number}"
            thread = threading.Thread(target=self._run_worker, name=name, daemon=True)
            self._workers.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop the worker threads. Each thread first finishes the webhook that it is sending."""
        self._stopping = True
        self._wake_threads()
        for thread in self._workers:
            thread.join(timeout=1)
        self._workers.clear()

    @property
    def _uses_workers(self) -> bool:
        """Return whether worker threads send the webhooks.

        While `is_held` is true, the worker threads send no webhooks.
        """
        return not self._is_inline and not self.is_held and self._sender.deliver is not None

    def _run_worker(self) -> None:
        """Send webhooks in a worker thread until the queue is stopped."""
        try:
            while not self._stopping:
                self._run_worker_step()
        except sqlite3.ProgrammingError:
            pass  # the sandbox was closed

    def _run_worker_step(self) -> None:
        """Send one webhook that is due.

        If no webhook is due, wait for a short time, and then run the tasks that are due.
        """
        wake_count = self._wake_count
        delivery = self._claim_due_delivery() if self._uses_workers else None
        if delivery is not None:
            self._attempt_delivery(delivery)
            return
        with self._changed:
            was_woken = self._changed.wait_for(
                lambda: self._wake_count != wake_count, POLL_INTERVAL
            )
        if not was_woken:
            self._account.run_due_tasks()

    def _claim_due_delivery(self) -> Object | None:
        """Reserve and return the oldest delivery that is due. Return None if no delivery is due."""
        with self._account.store.transaction():
            now = self._account.clock.now()
            due = self._account.store.find("delivery", compares("due_at", "lte", now))
            for delivery in due:
                if delivery["id"] not in self._in_flight:
                    self._in_flight.add(delivery["id"])
                    return delivery
        return None

    def _attempt_delivery(self, delivery: Object) -> Object:
        """Send one reserved webhook, then wake the waiting threads. Return the delivery."""
        try:
            return self._sender.attempt(delivery)
        finally:
            self._in_flight.discard(delivery["id"])
            self._wake_threads()

    def _is_unattempted(self, type: str, object_id: str) -> bool:
        """Return whether a webhook of this type about this object is queued but not yet sent."""
        return any(
            (one["type"], one["object"], one["attempts"]) == (type, object_id, 0)
            for one in self.pending
        )

    def _wake_threads(self) -> None:
        """Wake the worker threads, and the threads that wait for a first attempt."""
        with self._changed:
            self._wake_count += 1
            self._changed.notify_all()
