"""The webhook's view: what it remembers of requests that it refuses."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from django_stripe_cart.gateway.events import sign
from django_stripe_cart.models import WebhookRefusal
from django_stripe_cart.testing.sandbox import WEBHOOK_SECRET, post_webhook

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("sandbox", "db")]

BODY = json.dumps({"id": "evt_1", "type": "charge.refunded"}).encode()


def post(signature: str, body: bytes = BODY) -> int:
    return post_webhook(body, {"Stripe-Signature": signature})


def signed_ago(seconds: float) -> str:
    with_time = time.time
    try:
        time.time = lambda: with_time() - seconds  # type: ignore[method-assign]
        return sign(BODY, WEBHOOK_SECRET)
    finally:
        time.time = with_time  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (lambda: sign(BODY, "whsec_another"), "it is signed with another secret"),
        (lambda: signed_ago(3000), "compare this machine's clock"),
        (lambda: signed_ago(-3000), "compare this machine's clock"),
        (lambda: "v1=abc", "it has no signature"),
        (lambda: sign(BODY, WEBHOOK_SECRET), "its body can't be read (KeyError)"),
    ],
)
def test_the_reason_of_a_refusal_is_remembered(signature: Any, reason: str) -> None:
    assert post(signature()) == 400

    refusal = WebhookRefusal.objects.get()
    assert reason in refusal.reason
    assert timezone.now() - refusal.refused_at < timedelta(minutes=1)


def test_without_any_secret_the_reason_is_the_setting(settings: Any) -> None:
    settings.STRIPE_CART_WEBHOOK_SECRET = ""

    assert post(sign(BODY, WEBHOOK_SECRET)) == 400

    assert "STRIPE_CART_WEBHOOK_SECRET is not set" in WebhookRefusal.objects.get().reason


def test_a_request_without_a_signature_is_not_stripes_and_not_remembered() -> None:
    response = Client().post("/stripe/webhook/", BODY, content_type="application/json")

    assert response.status_code == 400

    assert not WebhookRefusal.objects.exists()


def test_there_is_one_row_which_is_written_once_a_minute() -> None:
    post(sign(BODY, "whsec_another"))
    first = WebhookRefusal.objects.get()
    post(signed_ago(3000))
    assert WebhookRefusal.objects.get().reason == first.reason
    WebhookRefusal.objects.update(refused_at=timezone.now() - timedelta(minutes=2))

    post(signed_ago(3000))

    assert "clock" in WebhookRefusal.objects.get().reason


def test_a_refusal_is_remembered_after_others_by_a_clock_that_was_fast() -> None:
    post(signed_ago(3000))
    WebhookRefusal.objects.update(refused_at=timezone.now() + timedelta(hours=1))

    post(sign(BODY, "whsec_another"))

    assert "another secret" in WebhookRefusal.objects.get().reason


def test_a_database_that_fails_does_not_change_the_response() -> None:
    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        raise DatabaseError("The disk is full.")

    with connection.execute_wrapper(fail):
        assert post(sign(BODY, "whsec_another")) == 400


def test_a_secret_with_a_newline_at_its_end_is_used_without_it(settings: Any) -> None:
    settings.STRIPE_CART_WEBHOOK_SECRET = f"{WEBHOOK_SECRET}\n"
    event = {"id": "evt_1", "type": "unknown", "livemode": False, "data": {"object": {}}}
    body = json.dumps(event).encode()

    assert post(sign(body, WEBHOOK_SECRET), body) == 200
