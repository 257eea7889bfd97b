"""The webhook: signatures, stored events, and responses."""

from __future__ import annotations

import json
import time
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import Order, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.http_client import SandboxClient
from django_stripe_cart.testing.sandbox import WEBHOOK_SECRET

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

URL = "/stripe/webhook/"


@pytest.fixture
def completed(sandbox: Sandbox, pending: Order) -> bytes:
    """The body of the event that says the order is paid, held back by Stripe."""
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)
    event = next(event for event in sandbox.events if event["type"] == "checkout.session.completed")
    return json.dumps(event).encode()


def post_webhook(body: bytes, signature: str) -> int:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    headers = {"Stripe-Signature": signature}
    return client.post(URL, body, content_type="application/json", headers=headers).status_code


def assert_rejected(status: int, order: Order) -> None:
    assert status == 400
    assert Order.objects.get(pk=order.pk).status == "pending"
    assert not WebhookEvent.objects.exists()


# --- forged -----------------------------------------------------------------------------------


def test_a_signed_event_is_believed(sandbox: Sandbox, pending: Order, completed: bytes) -> None:
    assert post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET)) == 200

    assert Order.objects.get(pk=pending.pk).status == "paid"


def test_an_unsigned_event_is_not_believed(pending: Order, completed: bytes) -> None:
    assert_rejected(post_webhook(completed, ""), pending)


def test_an_event_signed_with_another_secret_is_rejected(
    sandbox: Sandbox, pending: Order, completed: bytes
) -> None:
    assert_rejected(post_webhook(completed, sandbox.sign(completed, "whsec_other")), pending)


def test_a_forged_event_logs_one_warning_without_a_traceback(
    pending: Order, completed: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    post_webhook(completed, "t=1,v1=00")

    ours = [record for record in caplog.records if record.name == "stripe_cart"]
    assert [(record.levelname, record.exc_info) for record in ours] == [("WARNING", None)]
    assert not [record for record in caplog.records if record.name.startswith("django.security")]


def test_a_changed_body_is_not_believed(sandbox: Sandbox, pending: Order, completed: bytes) -> None:
    signature = sandbox.sign(completed, WEBHOOK_SECRET)

    assert_rejected(post_webhook(completed.replace(b"99800", b"49901"), signature), pending)


@pytest.mark.parametrize("seconds", [-3600, -301, 400, 10**8])
def test_a_stale_or_far_future_event_is_not_believed(
    sandbox: Sandbox, pending: Order, completed: bytes, seconds: int
) -> None:
    stamp = int(time.time()) + seconds

    assert_rejected(
        post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET, stamp)), pending
    )


@pytest.mark.parametrize(
    "signature", ["t=", "t=1,v1=", "v1=abc", "=", "t=now,v1=x", "t=١٢,v1=x", ",,,", "t=1,t=2,v1=x"]
)
def test_a_garbled_signature_is_not_believed(
    pending: Order, completed: bytes, signature: str
) -> None:
    assert_rejected(post_webhook(completed, signature), pending)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"id": 1}', b'{"id": "evt_1"}', b'"\\ud800"']
)
def test_a_garbled_body_is_not_believed_even_when_it_is_signed(
    sandbox: Sandbox, pending: Order, body: bytes
) -> None:
    try:
        signature = sandbox.sign(body, WEBHOOK_SECRET)
    except UnicodeDecodeError:
        signature = "t=1,v1=0"

    assert_rejected(post_webhook(body, signature), pending)


@pytest.mark.parametrize("secret", ["", [], [""], None, " ", [" "], [None]])
def test_an_empty_secret_rejects_every_event(
    sandbox: Sandbox, pending: Order, completed: bytes, settings: Any, secret: Any
) -> None:
    settings.STRIPE_CART_WEBHOOK_SECRET = secret

    for guess in ("", " ", "None"):
        assert_rejected(post_webhook(completed, sandbox.sign(completed, guess)), pending)


def test_while_a_secret_is_rotated_either_is_believed(
    sandbox: Sandbox, pending: Order, completed: bytes, settings: Any
) -> None:
    settings.STRIPE_CART_WEBHOOK_SECRET = [WEBHOOK_SECRET, "whsec_new"]

    assert post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET)) == 200
    assert post_webhook(completed, sandbox.sign(completed, "whsec_new")) == 200


def test_a_body_too_long_for_stripe_is_refused_even_when_it_is_signed(
    sandbox: Sandbox, pending: Order, completed: bytes
) -> None:
    padded = completed + b" " * 1_000_000

    assert_rejected(post_webhook(padded, sandbox.sign(padded, WEBHOOK_SECRET)), pending)


def test_the_webhook_accepts_only_post(client: Client) -> None:
    assert client.get(URL).status_code == 405


# --- delivered ----------------------------------------------------------------------------------


def test_three_deliveries_pay_once(
    sandbox: Sandbox, pending: Order, completed: bytes, signals_sent: list[str]
) -> None:
    for _delivery in range(3):
        assert post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET)) == 200

    assert signals_sent == ["order_paid"]
    assert pending.events.filter(kind="paid").count() == 1
    assert WebhookEvent.objects.filter(type="checkout.session.completed").count() == 1


def test_a_duplicate_of_a_finished_event_costs_two_statements(
    sandbox: Sandbox, completed: bytes, django_assert_max_num_queries: Any
) -> None:
    post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET))

    with django_assert_max_num_queries(2):
        post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET))


def test_a_paid_event_needs_no_further_look_at_stripe(sandbox: Sandbox, completed: bytes) -> None:
    before = len(sandbox.requests)

    post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET))

    assert len(sandbox.requests) == before


def test_an_event_about_an_order_that_is_missing_here_is_asked_for_again(
    sandbox: Sandbox, pending: Order, completed: bytes
) -> None:
    Order.objects.all().delete()

    assert post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET)) == 500

    event = WebhookEvent.objects.get()
    assert (event.processed_at, event.attempts) == (None, 1)
    assert "does not exist here" in event.error


def test_an_event_of_another_shop_on_the_same_account_is_left_alone(
    sandbox: Sandbox, pending: Order, completed: bytes, settings: Any
) -> None:
    Order.objects.all().delete()
    settings.SECRET_KEY = "another shop"

    assert post_webhook(completed, sandbox.sign(completed, WEBHOOK_SECRET)) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"livemode": True},
        {"account": "acct_connected"},
        {"type": "customer.created"},
    ],
)
def test_what_is_not_for_us_is_answered_200_and_ignored(
    sandbox: Sandbox, pending: Order, completed: bytes, change: dict[str, Any]
) -> None:
    body = json.dumps(json.loads(completed) | change).encode()

    assert post_webhook(body, sandbox.sign(body, WEBHOOK_SECRET)) == 200

    assert Order.objects.get(pk=pending.pk).status == "pending"
    assert not WebhookEvent.objects.exists()


def test_an_event_without_our_metadata_is_ignored(
    sandbox: Sandbox, pending: Order, completed: bytes
) -> None:
    event = json.loads(completed)
    event["data"]["object"]["metadata"] = {"stripe_cart_order": "not a uuid"}
    body = json.dumps(event).encode()

    assert post_webhook(body, sandbox.sign(body, WEBHOOK_SECRET)) == 200

    assert not WebhookEvent.objects.exists()


def test_a_failure_is_stored_and_cleared_by_the_next_delivery(
    sandbox: Sandbox, pending: Order, completed: bytes, settings: Any
) -> None:
    event = json.loads(completed) | {"type": "payment_intent.payment_failed", "id": "evt_look"}
    body = json.dumps(event).encode()
    settings.STRIPE_CART_SECRET_KEY = "pk_test_the_wrong_kind"
    assert post_webhook(body, sandbox.sign(body, WEBHOOK_SECRET)) == 500
    kept = WebhookEvent.objects.get()
    assert (kept.processed_at, kept.attempts) == (None, 1)

    settings.STRIPE_CART_SECRET_KEY = "sk_test_sandbox"
    assert post_webhook(body, sandbox.sign(body, WEBHOOK_SECRET)) == 200

    kept = WebhookEvent.objects.get()
    assert (kept.order, kept.attempts, kept.error) == (pending, 2, "")
    assert Order.objects.get(pk=pending.pk).status == "paid"


# --- a slow Stripe ------------------------------------------------------------------------------


def test_the_deadline_is_for_all_requests_of_a_webhook(sandbox: Sandbox, pending: Order) -> None:
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)  # without its webhook: the payment is not known yet
    sandbox.open_dispute(sandbox.payment_intents[0]["id"])
    event = next(one for one in sandbox.events if one["type"] == "charge.dispute.created")
    body = json.dumps(event).encode()
    passed = 0.0
    monotonic = time.monotonic

    def answer_slowly(*request: Any) -> Any:
        nonlocal passed
        passed += 15
        return sandbox.handle(*request)

    with (
        patch("time.monotonic", lambda: monotonic() + passed),
        transport(SandboxClient(answer_slowly)),
    ):
        status = post_webhook(body, sandbox.sign(body, WEBHOOK_SECRET))

    assert (status, passed) == (500, 30)
    assert WebhookEvent.objects.get().processed_at is None
