"""Send a webhook once: sign the event, post it and record the result."""

import json
import logging
from collections.abc import Callable

from django_stripe_cart.sandbox import api_versions
from django_stripe_cart.sandbox.account import Account, remove_internal_data
from django_stripe_cart.sandbox.faults import WEBHOOK, Fault, Faults
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.signature import sign
from django_stripe_cart.sandbox.store import compares
from django_stripe_cart.sandbox.webhooks.http import post

logger = logging.getLogger("stripe_cart.sandbox")

Deliver = Callable[[str, bytes, dict[str, str]], int]

# Seconds between attempts; after the last one the delivery has failed.
BACKOFF = (2, 5, 15, 60, 5 * 60, 30 * 60, 2 * 60 * 60, 5 * 60 * 60, 10 * 60 * 60)
USER_AGENT = "django-stripe-cart-sandbox (webhooks)"
# Seconds that a `reorder` fault waits for another delivery. A `delay` fault without `seconds` lasts
# as long.
DEFAULT_DELAY = 60
OLD_SIGNATURE_AGE = 10 * 60


class WebhookSender:
    """A sender of webhooks. Each call of `attempt` sends one webhook once."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self._account, self._faults = account, faults
        self.deliver: Deliver | None = post

    def attempt(self, delivery: Object) -> Object:
        """Send one webhook, record the result, and return the delivery.

        A fault can drop, delay, duplicate or wrongly sign the webhook.
        """
        fault = self._faults.take(f"{WEBHOOK} {delivery['type']}")
        if fault is not None and fault.kind in ("drop", "delay", "reorder"):
            return self._drop_or_delay(delivery, fault)
        if fault is not None and fault.kind == "duplicate":
            self._send_event(delivery, None)
        answer = self._send_event(delivery, fault)
        with self._account.store.transaction():
            self._record_result(delivery, answer)
            self._release_reordered()
        return delivery

    def _drop_or_delay(self, delivery: Object, fault: Fault) -> Object:
        """Drop or delay a webhook, and return the delivery.

        The fault `delay` delays the webhook for a fixed time. The fault `reorder` delays the
        webhook until another webhook is sent.
        """
        if fault.kind == "drop":
            delivery.update(status="dropped", due_at=None)
        else:
            delivery["due_at"] = self._account.clock.now() + int(fault.seconds or DEFAULT_DELAY)
            delivery["is_reordered"] = fault.kind == "reorder"
        return self._account.store.put(delivery, kind="delivery")

    def _release_reordered(self) -> None:
        """End the delay of the webhooks that wait because of a `reorder` fault."""
        for delivery in self._account.store.find("delivery", compares("due_at", "gte", 0)):
            if delivery.get("is_reordered"):
                delivery.update(due_at=self._account.clock.now(), is_reordered=False)
                self._account.store.put(delivery, kind="delivery")

    def _send_event(self, delivery: Object, fault: Fault | None) -> int | str:
        """Post an event to an endpoint, and return the HTTP status.

        If the event cannot be sent, return the name of the error.
        """
        endpoint = self._account.store.get(delivery["endpoint"])
        event = self._account.store.get(delivery["event"])
        if endpoint is None or event is None or self.deliver is None:
            return "gone"
        body = event_body(event, endpoint)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": self._sign(body, endpoint, fault),
            "User-Agent": USER_AGENT,
        }
        try:
            return self.deliver(endpoint["url"], body, headers)
        except OSError as error:
            logger.info("Webhook %s did not arrive: %s", delivery["type"], error)
            return type(error).__name__
        except Exception as error:
            logger.exception("Webhook %s failed in the receiver", delivery["type"])
            return type(error).__name__

    def _sign(self, body: bytes, endpoint: Object, fault: Fault | None) -> str:
        """Return the signature header of a webhook. A fault can make the signature invalid."""
        kind = fault.kind if fault else None
        secrets = active_secrets(endpoint, self._account.clock.now())
        if kind == "wrong_signature":
            secrets = ["whsec_wrong"]
        age = OLD_SIGNATURE_AGE if kind == "old_signature" else 0
        return sign(body, secrets, timestamp=self._account.clock.wall() - age)

    def _record_result(self, delivery: Object, answer: int | str) -> None:
        """Record the result of one attempt to deliver a webhook.

        A failed attempt is retried later. After the last attempt, the delivery has failed.
        """
        attempts = delivery["attempts"] = delivery["attempts"] + 1
        delivery["answer"] = answer
        if isinstance(answer, int) and 200 <= answer < 300:
            delivery.update(status="delivered", due_at=None)
            self._decrement_pending_webhooks(delivery["event"])
        elif attempts > len(BACKOFF) or answer == "gone":
            delivery.update(status="failed", due_at=None)
        else:
            delivery["due_at"] = self._account.clock.now() + BACKOFF[attempts - 1]
        self._account.store.put(delivery, kind="delivery")

    def _decrement_pending_webhooks(self, event_id: str) -> None:
        """Subtract one from `pending_webhooks`, which counts an event's undelivered webhooks."""
        event = self._account.store.get(event_id)
        if event is not None:
            event["pending_webhooks"] = max(event["pending_webhooks"] - 1, 0)
            self._account.save(event)


def event_body(event: Object, endpoint: Object) -> bytes:
    """Return the body of an event's webhook, in the API version of the endpoint."""
    version = endpoint["api_version"] or event["api_version"]
    shown = {**api_versions.convert(remove_internal_data(event), version), "api_version": version}
    return json.dumps(shown, indent=2, ensure_ascii=False).encode()


def active_secrets(endpoint: Object, now: int) -> list[str]:
    """Return an endpoint's secrets that have not expired, newest first."""
    return [
        kept["secret"]
        for kept in endpoint["_"]["secrets"]
        if kept["expires_at"] is None or kept["expires_at"] > now
    ]
