"""Fuzzing of the webhook: ten thousand mutations are rejected, and none is a server error."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from django_stripe_cart.models import Order, OrderEvent, Product, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.invariants import violations
from django_stripe_cart.testing.sandbox import WEBHOOK_SECRET
from tests.batteries.raw_requests import RawRequest, send
from tests.batteries.webhook_mutations import is_authentic, mutate

NUMBER = 10_000


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """Disable the logging of each rejection."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def completed(browser: Browser, sandbox: Sandbox, mug: Product) -> bytes:
    """The body of an undelivered event of a paid order."""
    browser.add(mug)
    browser.check_out()
    sandbox.hold_deliveries = True
    sandbox.pay(browser.order.session_url)
    event = next(event for event in sandbox.events if event["type"] == "checkout.session.completed")
    return json.dumps(event).encode()


def post_webhook(body: bytes, signature: str) -> int:
    headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
    return send(RawRequest("POST", b"/stripe/webhook/", headers=headers, body=body)).status


def test_every_forged_webhook_is_rejected(
    sandbox: Sandbox, browser: Browser, completed: bytes
) -> None:
    chance = random.Random(3)
    signature = sandbox.sign(completed, WEBHOOK_SECRET)
    events = OrderEvent.objects.count()
    statuses: Counter[int] = Counter()
    while statuses.total() < NUMBER:
        body, header = mutate(chance, completed, signature)
        if is_authentic(body, header, WEBHOOK_SECRET):
            continue  # the mutation left the signature valid
        status = post_webhook(body, header)
        statuses[status] += 1
        assert status == 400, (body[:200], header[:200])

    assert statuses == {400: NUMBER}
    assert not WebhookEvent.objects.exists()
    assert OrderEvent.objects.count() == events
    assert Order.objects.get().status == "pending"
    assert violations(sandbox) == []
    assert post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET)) == 200
    assert browser.order.status == "paid"
