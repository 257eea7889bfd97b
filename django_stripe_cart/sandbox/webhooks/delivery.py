"""One event on its way to one endpoint: wrapped, signed, sent, and its fate noted."""

import json
import logging
from collections.abc import Callable

from django_stripe_cart.sandbox import versions
from django_stripe_cart.sandbox.account import Account, public
from django_stripe_cart.sandbox.faults import WEBHOOK, Fault, Faults
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.signature import sign
from django_stripe_cart.sandbox.store import compares
from django_stripe_cart.sandbox.webhooks.http import send

logger = logging.getLogger("stripe_cart.sandbox")

Deliver = Callable[[str, bytes, dict[str, str]], int]

# Seconds until the next attempt; after the last one a delivery is given up.
BACKOFF = (2, 5, 15, 60, 5 * 60, 30 * 60, 2 * 60 * 60, 5 * 60 * 60, 10 * 60 * 60)
USER_AGENT = "django-stripe-cart-sandbox (webhooks)"
# How long a webhook waits to be overtaken, or that has no other delay to keep.
A_MOMENT = 60
OLD = 10 * 60


class Postman:
    """Makes one attempt at a delivery."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self._account, self._faults = account, faults
        self.deliver: Deliver | None = send

    def attempt(self, delivery: Object) -> Object:
        """Send one delivery, unless a fault has other plans for it, and note its fate."""
        fault = self._faults.take(f"{WEBHOOK} {delivery['type']}")
        if fault is not None and fault.kind in ("drop", "delay", "reorder"):
            return self._detain(delivery, fault)
        if fault is not None and fault.kind == "duplicate":
            self._send(delivery, None)
        answer = self._send(delivery, fault)
        with self._account.store.transaction():
            self._note(delivery, answer)
            self._release_overtaken()
        return delivery

    def _detain(self, delivery: Object, fault: Fault) -> Object:
        """Lose a delivery, or let it wait: for a time, or until another one has overtaken it."""
        if fault.kind == "drop":
            delivery.update(status="dropped", due_at=None)
        else:
            delivery["due_at"] = self._account.clock.now() + int(fault.seconds or A_MOMENT)
            delivery["is_overtaken"] = fault.kind == "reorder"
        return self._account.store.put(delivery, kind="delivery")

    def _release_overtaken(self) -> None:
        for delivery in self._account.store.find("delivery", compares("due_at", "gte", 0)):
            if delivery.get("is_overtaken"):
                delivery.update(due_at=self._account.clock.now(), is_overtaken=False)
                self._account.store.put(delivery, kind="delivery")

    def _send(self, delivery: Object, fault: Fault | None) -> int | str:
        """Return the endpoint's status, or the name of what went wrong."""
        endpoint = self._account.store.get(delivery["endpoint"])
        event = self._account.store.get(delivery["event"])
        if endpoint is None or event is None or self.deliver is None:
            return "gone"
        body = event_body(event, endpoint)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": self._signature(body, endpoint, fault),
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

    def _signature(self, body: bytes, endpoint: Object, fault: Fault | None) -> str:
        kind = fault.kind if fault else None
        secrets = live_secrets(endpoint, self._account.clock.now())
        if kind == "wrong_signature":
            secrets = ["whsec_of_somebody_else"]
        age = OLD if kind == "old_signature" else 0
        return sign(body, secrets, timestamp=self._account.clock.wall() - age)

    def _note(self, delivery: Object, answer: int | str) -> None:
        attempts = delivery["attempts"] = delivery["attempts"] + 1
        delivery["answer"] = answer
        if isinstance(answer, int) and 200 <= answer < 300:
            delivery.update(status="delivered", due_at=None)
            self._count_down(delivery["event"])
        elif attempts > len(BACKOFF) or answer == "gone":
            delivery.update(status="failed", due_at=None)
        else:
            delivery["due_at"] = self._account.clock.now() + BACKOFF[attempts - 1]
        self._account.store.put(delivery, kind="delivery")

    def _count_down(self, event_id: str) -> None:
        event = self._account.store.get(event_id)
        if event is not None:
            event["pending_webhooks"] = max(event["pending_webhooks"] - 1, 0)
            self._account.save(event)


def event_body(event: Object, endpoint: Object) -> bytes:
    """Return an event as this endpoint gets it: in the endpoint's version of the API."""
    version = endpoint["api_version"] or versions.DEFAULT
    shown = {**versions.render(public(event), version), "api_version": version}
    return json.dumps(shown, indent=2, ensure_ascii=False).encode()


def live_secrets(endpoint: Object, now: int) -> list[str]:
    """Return the secrets to sign with: the newest first, and one that is being rolled."""
    return [
        kept["secret"]
        for kept in endpoint["_"]["secrets"]
        if kept["expires_at"] is None or kept["expires_at"] > now
    ]
