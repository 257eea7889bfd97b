"""Events that could not be processed are processed later, or acknowledged."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import EventProcessed, PaymentError
from django_stripe_cart.models import EventCursor, Order, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.sandbox import WEBHOOK_SECRET
from django_stripe_cart.timeline import Cause
from django_stripe_cart.webhooks import acknowledge_event, read_missed_events, retry_event
from django_stripe_cart.webhooks.processing import UnknownEvent, UnknownOrder
from tests.support.other_process import BeforeRequest

pytestmark = pytest.mark.database

ADA = Cause("staff", actor="ada")


def deliver(sandbox: Sandbox, event: dict[str, Any]) -> int:
    """Send the webhook of ``event``, and return the status of the response."""
    body = json.dumps(event).encode()
    headers = {"Stripe-Signature": sandbox.sign(body, WEBHOOK_SECRET)}
    client = Client(raise_request_exception=False)
    answer = client.post("/stripe/webhook/", body, "application/json", headers=headers)
    return answer.status_code


def event_at_stripe(sandbox: Sandbox, event: WebhookEvent) -> dict[str, Any]:
    return next(found for found in sandbox.events if found["id"] == event.event_id)


@pytest.fixture
def lost(sandbox: Sandbox, pending: Order) -> WebhookEvent:
    """An event about a payment whose order was lost, as after a backup was restored."""
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)
    Order.objects.all().delete()
    event = next(one for one in sandbox.events if one["type"] == "checkout.session.completed")
    assert deliver(sandbox, event) == 500
    return WebhookEvent.objects.get()


@pytest.fixture
def failed(sandbox: Sandbox, pending: Order) -> WebhookEvent:
    """An event about a refund. Stripe did not answer when the shop asked for the payment."""
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)
    sandbox.refund(sandbox.payment_intents[0]["id"], amount=100)
    sandbox.faults.add("GET /v1/checkout/sessions/*", kind="server_error", times=99)
    event = next(one for one in sandbox.events if one["type"] == "charge.refunded")
    assert deliver(sandbox, event) == 500
    sandbox.faults.clear()
    return WebhookEvent.objects.get()


# --- acknowledged -----------------------------------------------------------------------------


def test_an_event_is_acknowledged_with_the_name_of_the_person(lost: WebhookEvent) -> None:
    event = acknowledge_event(lost, by=ADA)

    assert event.acknowledged_by == "ada"
    assert event.acknowledged_at is not None
    assert event.processed_at is None
    assert not WebhookEvent.objects.unprocessed().exists()


def test_a_second_acknowledgment_changes_nothing(lost: WebhookEvent) -> None:
    first = acknowledge_event(lost, by=ADA)

    second = acknowledge_event(lost, by=Cause("staff", actor="bob"))

    assert (second.acknowledged_at, second.acknowledged_by) == (first.acknowledged_at, "ada")


def test_without_a_person_the_source_is_kept(lost: WebhookEvent) -> None:
    assert acknowledge_event(lost).acknowledged_by == "staff"


def test_an_event_that_was_processed_in_the_meantime_is_not_acknowledged(
    lost: WebhookEvent,
) -> None:
    WebhookEvent.objects.update(processed_at=timezone.now())

    with pytest.raises(EventProcessed):
        acknowledge_event(lost, by=ADA)

    assert WebhookEvent.objects.get().acknowledged_at is None


def test_the_webhook_of_an_acknowledged_event_is_answered_200_and_changes_nothing(
    sandbox: Sandbox, lost: WebhookEvent
) -> None:
    acknowledge_event(lost, by=ADA)
    before = WebhookEvent.objects.values().get()

    assert deliver(sandbox, event_at_stripe(sandbox, lost)) == 200

    assert WebhookEvent.objects.values().get() == before


def test_an_acknowledged_event_is_answered_200_even_if_its_order_can_not_be_found_out(
    sandbox: Sandbox, lost: WebhookEvent
) -> None:
    """A dispute names its payment only, and Stripe has to be asked for the order."""
    dispute = event_at_stripe(sandbox, lost) | {
        "id": "evt_dispute",
        "type": "charge.dispute.created",
        "data": {"object": {"id": "dp_1", "object": "dispute", "payment_intent": "pi_unknown"}},
    }
    assert deliver(sandbox, dispute) == 500
    event = WebhookEvent.objects.get(event_id="evt_dispute")
    acknowledge_event(event, by=ADA)

    assert deliver(sandbox, dispute) == 200

    assert WebhookEvent.objects.get(pk=event.pk).attempts == 1


def test_a_sync_does_not_try_an_acknowledged_event(sandbox: Sandbox, lost: WebhookEvent) -> None:
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(days=1), retry_at=None)
    acknowledge_event(lost, by=ADA)

    reading = read_missed_events()

    assert reading.waiting == 0
    assert WebhookEvent.objects.get(pk=lost.pk).attempts == 1


# --- processed again --------------------------------------------------------------------------


def test_an_event_is_processed_again_before_its_time(
    pending: Order, failed: WebhookEvent, signals_sent: list[str]
) -> None:
    assert failed.is_waiting_for_retry

    event = retry_event(failed, by=ADA)

    assert event.processed_at is not None
    assert (event.order, event.error, event.attempts) == (pending, "", 2)
    assert signals_sent == ["order_paid", "order_refunded"]
    paid = pending.events.get(kind="paid")
    assert (paid.source, paid.actor, paid.stripe_event_id) == ("staff", "ada", event.event_id)


def test_a_second_retry_asks_stripe_for_nothing(sandbox: Sandbox, failed: WebhookEvent) -> None:
    event = retry_event(failed, by=ADA)
    requests = len(sandbox.requests)

    again = retry_event(failed, by=ADA)

    assert (again.processed_at, again.attempts) == (event.processed_at, event.attempts)
    assert len(sandbox.requests) == requests


def test_an_acknowledged_event_is_not_processed_again(
    sandbox: Sandbox, failed: WebhookEvent
) -> None:
    acknowledge_event(failed, by=ADA)
    requests = len(sandbox.requests)

    assert retry_event(failed, by=ADA).processed_at is None

    assert len(sandbox.requests) == requests


def test_an_event_whose_order_is_still_missing_goes_on_waiting(lost: WebhookEvent) -> None:
    with pytest.raises(UnknownOrder):
        retry_event(lost, by=ADA)

    lost.refresh_from_db()
    assert (lost.processed_at, lost.attempts) == (None, 2)


def test_an_event_that_stripe_has_forgotten_goes_on_waiting(
    sandbox: Sandbox, lost: WebhookEvent
) -> None:
    WebhookEvent.objects.update(event_id="evt_forgotten")
    lost.refresh_from_db()

    with pytest.raises(UnknownEvent):
        retry_event(lost, by=ADA)

    assert "does not list this event" in WebhookEvent.objects.get().error


def test_without_an_answer_from_stripe_an_event_goes_on_waiting(
    sandbox: Sandbox, failed: WebhookEvent
) -> None:
    sandbox.faults.add("GET /v1/events/*", kind="server_error", times=99)

    with pytest.raises(PaymentError):
        retry_event(failed, by=ADA)

    failed.refresh_from_db()
    assert (failed.processed_at, failed.attempts) == (None, 2)


def test_an_event_of_another_shop_waits_no_longer(
    sandbox: Sandbox, lost: WebhookEvent, settings: Any
) -> None:
    settings.STRIPE_CART_SHOP_ID = "another"

    event = retry_event(lost, by=ADA)

    assert (event.order, event.error) == (None, "")
    assert event.processed_at is not None


def test_an_event_that_fails_elsewhere_at_the_same_time_goes_on_waiting(
    sandbox: Sandbox, failed: WebhookEvent, before_request: BeforeRequest
) -> None:
    """The sync skips the event, but does not take it for one of another shop."""
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(days=1), retry_at=None)
    later = timezone.now() + timedelta(hours=1)  # so that the list has no event
    EventCursor.objects.create(api_key_digest=conf.api_key_digest, seen_until=later)
    sandbox.faults.add("GET /v1/checkout/sessions/*", kind="server_error", times=99)
    event = event_at_stripe(sandbox, failed)
    before_request(f"GET /v1/events/{failed.event_id}", lambda: deliver(sandbox, event))

    assert read_missed_events().waiting == 1

    failed.refresh_from_db()
    assert (failed.processed_at, failed.attempts) == (None, 2)


def test_an_event_goes_on_waiting_if_the_clock_is_set_back_meanwhile(
    sandbox: Sandbox, failed: WebhookEvent, before_request: BeforeRequest
) -> None:
    """The time of its next attempt is in the future again, so the sync skips it."""
    day_ago = timezone.now() - timedelta(days=1)
    WebhookEvent.objects.update(received_at=day_ago, retry_at=timezone.now())
    later = timezone.now() + timedelta(hours=1)  # so that the list has no event
    EventCursor.objects.create(api_key_digest=conf.api_key_digest, seen_until=later)
    in_20_minutes = timezone.now() + timedelta(minutes=20)
    before_request(
        f"GET /v1/events/{failed.event_id}",
        lambda: WebhookEvent.objects.update(retry_at=in_20_minutes),
    )

    assert read_missed_events().waiting == 1


def test_the_exception_of_a_receiver_is_raised(failed: WebhookEvent) -> None:
    def refuse(**kwargs: object) -> None:
        raise LookupError

    order_paid.connect(refuse)
    try:
        with pytest.raises(LookupError):
            retry_event(failed, by=ADA)
    finally:
        order_paid.disconnect(refuse)

    failed.refresh_from_db()
    assert (failed.processed_at, failed.error) == (None, "LookupError")
