"""Stripe, reduced to few answers: a Checkout Session, its end, and a signed webhook about it."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
import time
from typing import Any
from urllib.parse import parse_qs

SECRET = "whsec_benchmarks"  # noqa: S105
KEY = "sk_test_" + "b" * 24

SECONDS = float(os.environ.get("BENCH_STRIPE_SECONDS", 0))  # until it answers

asked: list[str] = []  # the bodies of the requests, in their order
# Workers that share a database give out ids of their own.
_numbers = itertools.count(os.getpid() * 10**6 if "BENCH_DATABASE" in os.environ else 1)


def create_session(body: str) -> bytes:
    """Answer ``POST /v1/checkout/sessions``."""
    asked.append(body)
    time.sleep(SECONDS)
    fields = parse_qs(body)
    session = _session(f"cs_test_{next(_numbers)}") | {
        "client_reference_id": fields["client_reference_id"][0],
        "metadata": {k[9:-1]: v[0] for k, v in fields.items() if k.startswith("metadata[")},
    }
    sessions.append(session)
    return json.dumps(session).encode()


def _session(identifier: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "object": "checkout.session",
        "url": f"https://checkout.stripe.com/c/pay/{identifier}",
        "status": "open",
        "payment_status": "unpaid",
        "mode": "payment",
        "currency": "usd",
        "amount_subtotal": 0,
        "amount_total": 0,
        "expires_at": int(time.time()) + 3600,
        "client_reference_id": None,
        "metadata": {},
        "payment_intent": None,
        "customer_details": None,
        "livemode": False,
    }


def look(url: str) -> bytes:
    """Answer ``GET``: of any session that it has expired, and of lists that they are empty."""
    asked.append("GET")
    identifier = url.partition("?")[0].rpartition("/")[2]
    if not identifier.startswith("cs_"):
        return json.dumps({"object": "list", "data": [], "has_more": False, "url": url}).encode()
    return json.dumps(_session(identifier) | {"status": "expired", "url": None}).encode()


sessions: list[dict[str, Any]] = []


def completed(session: dict[str, Any], total: int) -> tuple[bytes, str]:
    """Return the webhook that says: ``session`` was paid; its body, and its signature."""
    number = next(_numbers)
    paid = {
        **session,
        "status": "complete",
        "payment_status": "paid",
        "amount_subtotal": total,
        "amount_total": total,
        "payment_intent": f"pi_{number}",
        "customer_details": {"email": "shopper@example.com"},
    }
    event = {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2025-09-30.clover",
        "created": int(time.time()),
        "type": "checkout.session.completed",
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": paid},
    }
    body = json.dumps(event).encode()
    now = int(time.time())
    signature = hmac.new(SECRET.encode(), b"%d." % now + body, hashlib.sha256).hexdigest()
    return body, f"t={now},v1={signature}"


def sdk_client() -> Any:
    """The same for those who ask with Stripe's own SDK."""
    import stripe

    class Client(stripe.HTTPClient):
        name = "stub"

        def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
            answer = look(url) if method == "get" else create_session(post_data or "")
            return answer, 200, {"Request-Id": "req_1"}

        def close(self) -> None:
            pass

    return Client()
