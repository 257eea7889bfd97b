"""Waiting events are acknowledged or tried again, after a page that asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client

from django_stripe_cart.admin import WebhookEventAdmin
from django_stripe_cart.models import Order, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.sandbox import WEBHOOK_SECRET
from tests.admin.conftest import StaffClientWith
from tests.admin.pages import fields, post, press, read, url
from tests.admin.webhooks.conftest import RegisterEventAdmin, make_old

ACTIONS = ["acknowledge", "retry"]


def action_url(action: str, event: WebhookEvent) -> str:
    return url(action, WebhookEvent, event.pk)


def page_of(staff_client: Client, event: WebhookEvent) -> str:
    return read(staff_client, url("change", WebhookEvent, event.pk))


def rows() -> list[dict[str, Any]]:
    return list(WebhookEvent.objects.order_by("pk").values())


def deliver(sandbox: Sandbox, event: WebhookEvent) -> int:
    """Send the webhook of ``event`` again, and return the status of the response."""
    found = next(one for one in sandbox.events if one["id"] == event.event_id)
    body = json.dumps(found).encode()
    headers = {"Stripe-Signature": sandbox.sign(body, WEBHOOK_SECRET)}
    client = Client(raise_request_exception=False)
    return client.post("/stripe/webhook/", body, "application/json", headers=headers).status_code


# --- acknowledge ------------------------------------------------------------------------------


def test_looking_at_the_page_that_asks_does_nothing(
    staff_client: Client, sandbox: Sandbox, waiting: WebhookEvent
) -> None:
    before, requests = rows(), len(sandbox.requests)

    for action in ACTIONS:
        assert staff_client.get(action_url(action, waiting)).status_code == 200

    assert rows() == before
    assert len(sandbox.requests) == requests


def test_a_waiting_event_is_acknowledged(staff_client: Client, waiting: WebhookEvent) -> None:
    said = press(staff_client, action_url("acknowledge", waiting))

    assert said == [f"Event {waiting.event_id}: acknowledged."]
    waiting.refresh_from_db()
    assert waiting.acknowledged_by == "clerk"
    page = page_of(staff_client, waiting)
    assert "by clerk, " in page
    assert "/acknowledge/" not in page


def test_the_page_that_asks_says_what_it_means_and_where_to_look(
    staff_client: Client, waiting: WebhookEvent
) -> None:
    page = read(staff_client, action_url("acknowledge", waiting))

    assert "after a backup was restored" in page
    assert "another site has the same SECRET_KEY" in page
    assert "is not tried again" in page
    address = f"https://dashboard.stripe.com/test/search?query={waiting.object_id}"
    assert f'href="{address}"' in page


def test_a_form_that_is_sent_twice_acknowledges_once(
    staff_client: Client, waiting: WebhookEvent
) -> None:
    address = action_url("acknowledge", waiting)
    form = fields(read(staff_client, address))
    first = post(staff_client, address, form)
    before = rows()

    assert post(staff_client, address, form) == first

    assert rows() == before


def test_the_webhook_of_an_acknowledged_event_is_answered_200(
    staff_client: Client, sandbox: Sandbox, waiting: WebhookEvent
) -> None:
    assert deliver(sandbox, waiting) == 500
    press(staff_client, action_url("acknowledge", waiting))
    before = rows()

    assert deliver(sandbox, waiting) == 200

    assert rows() == before
    assert not Order.objects.exists()


def test_a_processed_event_is_not_acknowledged(
    staff_client: Client, processed: WebhookEvent
) -> None:
    address = action_url("acknowledge", processed)
    before = rows()

    assert post(staff_client, address, {}) == [
        "Event evt_processed: This event was processed, so there is nothing to acknowledge."
    ]

    assert staff_client.get(address).status_code == 303
    assert "/acknowledge/" not in page_of(staff_client, processed)
    assert rows() == before


def test_an_event_that_just_arrived_is_not_offered(
    staff_client: Client, sandbox: Sandbox, db: None
) -> None:
    """Another process is working on it."""
    event = WebhookEvent.objects.create(event_id="evt_new", type="charge.refunded")

    answer = staff_client.get(action_url("acknowledge", event))

    assert [str(message) for message in get_messages(answer.wsgi_request)] == [
        "“Acknowledge” is not possible at the moment."
    ]
    assert "/acknowledge/" not in page_of(staff_client, event)


def test_several_events_are_acknowledged_at_once(
    staff_client: Client, processed: WebhookEvent, waiting: WebhookEvent
) -> None:
    other = WebhookEvent.objects.create(event_id="evt_2", type="charge.refunded", error="KeyError")
    make_old()
    chosen = [event.pk for event in (waiting, other, processed)]
    form = {"action": "acknowledge_selected", "_selected_action": chosen}
    address = staff_client.post(url("changelist", WebhookEvent), form).headers["Location"]
    page = read(staff_client, address)
    assert "Acknowledge: 2 events" in page
    assert "1 selected event is skipped" in page
    assert "after a backup was restored" in page
    assert "An error occurred" in page
    pks = address.partition("?")[0] + f"?ids={other.pk},{waiting.pk}"

    said = post(staff_client, pks, fields(page))

    assert said == ["Acknowledge: done for 2 events."]
    acknowledged = WebhookEvent.objects.filter(acknowledged_by="clerk")
    assert set(acknowledged) == {other, waiting}


# --- try again --------------------------------------------------------------------------------


@pytest.fixture
def broken_receiver() -> Iterator[Callable[..., None]]:
    def refuse(**kwargs: object) -> None:
        raise LookupError

    order_paid.connect(refuse)
    yield refuse
    order_paid.disconnect(refuse)


@pytest.fixture
def refunded(
    sandbox: Sandbox, pending: Order, broken_receiver: Callable[..., None]
) -> WebhookEvent:
    """An event about a refund that waits, because a receiver raised an exception."""
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)
    sandbox.refund(sandbox.payment_intents[0]["id"], amount=100)
    event = next(one for one in sandbox.events if one["type"] == "charge.refunded")
    row = WebhookEvent.objects.create(
        event_id=event["id"], type=event["type"], object_id=event["data"]["object"]["id"]
    )
    assert deliver(sandbox, row) == 500
    make_old(row)
    return row


def test_an_event_is_processed_again(
    staff_client: Client,
    pending: Order,
    refunded: WebhookEvent,
    broken_receiver: Callable[..., None],
) -> None:
    order_paid.disconnect(broken_receiver)

    said = press(staff_client, action_url("retry", refunded))

    assert said == [f"Event {refunded.event_id}: processed."]
    pending.refresh_from_db()
    assert (pending.status, pending.amount_refunded) == ("paid", 100)
    paid = pending.events.get(kind="paid")
    assert (paid.source, paid.actor) == ("staff", "clerk")
    assert f"/order/{pending.pk}/change/" in page_of(staff_client, refunded)


def test_an_exception_of_a_receiver_is_said(
    staff_client: Client, refunded: WebhookEvent, caplog: pytest.LogCaptureFixture
) -> None:
    said = press(staff_client, action_url("retry", refunded))

    assert said == [f"Event {refunded.event_id}: This event could not be processed."]
    assert "LookupError" in page_of(staff_client, refunded)
    assert any("in refuse" in record.getMessage() for record in caplog.records)


def test_an_order_that_is_still_missing_is_said(
    staff_client: Client, waiting: WebhookEvent
) -> None:
    said = press(staff_client, action_url("retry", waiting))

    assert said == [f"Event {waiting.event_id}: The order is not in this database."]
    waiting.refresh_from_db()
    assert waiting.attempts == 2


def test_an_event_that_stripe_has_forgotten_is_said(
    staff_client: Client, waiting: WebhookEvent
) -> None:
    WebhookEvent.objects.filter(pk=waiting.pk).update(event_id="evt_forgotten")

    said = press(staff_client, action_url("retry", waiting))

    assert said == ["Event evt_forgotten: Stripe does not have this event any more."]
    assert "more than 30 days old" in page_of(staff_client, waiting)


def test_a_stripe_that_does_not_answer_is_said(
    staff_client: Client, sandbox: Sandbox, waiting: WebhookEvent
) -> None:
    sandbox.faults.add("GET /v1/events/*", kind="server_error", times=99)

    (said,) = press(staff_client, action_url("retry", waiting))

    assert said.startswith(f"Event {waiting.event_id}: The payment service can't be reached")


def test_an_event_that_was_acknowledged_in_the_meantime_is_not_processed(
    staff_client: Client, waiting: WebhookEvent
) -> None:
    form = fields(read(staff_client, action_url("retry", waiting)))
    press(staff_client, action_url("acknowledge", waiting))
    before = rows()

    said = post(staff_client, action_url("retry", waiting), form)

    assert said == [f"Event {waiting.event_id}: not processed."]
    assert rows() == before


def test_an_event_of_the_other_mode_is_not_tried_again(
    staff_client: Client, waiting: WebhookEvent
) -> None:
    WebhookEvent.objects.filter(pk=waiting.pk).update(livemode=True)

    page = page_of(staff_client, waiting)

    assert "/retry/" not in page
    assert "/acknowledge/" in page
    assert "https://dashboard.stripe.com/search?" in page


# --- permissions ------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_needs_a_permission_of_its_own(
    staff_client_with: StaffClientWith, sandbox: Sandbox, waiting: WebhookEvent, action: str
) -> None:
    (other,) = {*ACTIONS} - {action}
    staff_client = staff_client_with("view_webhookevent", f"{action}_webhookevent")
    before, requests = rows(), len(sandbox.requests)

    page = page_of(staff_client, waiting)
    assert f"/{action}/" in page
    assert f"/{other}/" not in page
    assert staff_client.get(action_url(action, waiting)).status_code == 200
    for address in (action_url(other, waiting), f"{url(f'{other}_selected', WebhookEvent)}?ids=1"):
        assert staff_client.get(address).status_code == 403
        assert staff_client.post(address).status_code == 403

    assert rows() == before
    assert len(sandbox.requests) == requests


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "permissions",
    [
        ["view_webhookevent", "change_webhookevent", "settle_order", "view_order"],
        ["acknowledge_webhookevent", "retry_webhookevent"],
    ],
    ids=["without the action", "without viewing"],
)
def test_without_both_permissions_nothing_happens(
    staff_client_with: StaffClientWith,
    waiting: WebhookEvent,
    permissions: list[str],
    action: str,
) -> None:
    staff_client = staff_client_with(*permissions)
    before = rows()

    assert staff_client.get(action_url(action, waiting)).status_code == 403
    assert staff_client.post(action_url(action, waiting)).status_code == 403

    assert rows() == before


def test_strangers_are_sent_to_the_login(waiting: WebhookEvent, user: User) -> None:
    shopper = Client()
    shopper.force_login(user)

    for action in ACTIONS:
        answer = shopper.post(action_url(action, waiting))
        assert answer.status_code == 302
        assert "/login/" in answer.headers["Location"]


def test_a_forged_form_is_refused(staff_user: User, waiting: WebhookEvent) -> None:
    """Another site can make the browser of staff send a form, but without the token."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(staff_user)
    before = rows()

    for action in ACTIONS:
        assert browser.post(action_url(action, waiting)).status_code == 403

    assert rows() == before


def test_a_host_can_take_an_action_away(
    staff_client: Client, waiting: WebhookEvent, register_event_admin: RegisterEventAdmin
) -> None:
    class Events(WebhookEventAdmin):
        def has_acknowledge_permission(self, request: Any, obj: Any = None) -> bool:
            return False

    register_event_admin(Events)

    assert staff_client.post(action_url("acknowledge", waiting)).status_code == 403
    assert "/acknowledge/" not in page_of(staff_client, waiting)
