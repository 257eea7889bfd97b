"""Events that no webhook brought: which are read, and what happens to those that fail."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.deadlines import deadline
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import EventCursor, Order, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.http_client import SandboxClient
from django_stripe_cart.signals import order_refunded
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.webhooks import read_missed_events
from tests.support.clock import age_rows_and_sandbox

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

MakeOrder = Callable[..., Order]

DAY = timedelta(days=1)


def lists_of_events(sandbox: Sandbox) -> list[int]:
    """The times from which events were requested, one for each page."""
    return [
        int(request["params"]["created"]["gte"])
        for request in sandbox.requests
        if request["path"] == "/v1/events"
    ]


def make_due() -> None:
    """Let the time of the next attempt come for all events that wait for it."""
    now = timezone.now()
    WebhookEvent.objects.update(retry_at=now, received_at=now - timedelta(hours=1))


def test_missed_events_are_read_from_stripes_list(
    browser: Browser, silent: Sandbox, pending: Order
) -> None:
    silent.pay(pending.session_url)
    silent.refund(silent.payment_intents[0]["id"], amount=5000)

    missed = read_missed_events()

    assert (missed.failed, missed.has_gap, missed.is_complete) == (0, False, True)
    assert (browser.order.status, browser.order.amount_refunded) == ("paid", 5000)
    assert not WebhookEvent.objects.filter(processed_at=None).exists()
    assert browser.order.events.get(kind="paid").source == "sync"


def test_a_second_reading_takes_nothing(silent: Sandbox, pending: Order) -> None:
    silent.pay(pending.session_url)
    assert read_missed_events().processed > 0

    assert read_missed_events().processed == 0


# --- the cursor ---------------------------------------------------------------------------------


def test_the_cursor_is_stripes_time_at_which_the_reading_began(silent: Sandbox, db: None) -> None:
    silent.clock.freeze(int(datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp()))

    read_missed_events()

    cursor = EventCursor.objects.get(api_key_digest=conf.api_key_digest)
    assert cursor.seen_until == datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_an_empty_reading_moves_the_cursor(silent: Sandbox, db: None) -> None:
    read_missed_events()
    silent.clock.advance(hours=3)

    assert read_missed_events().processed == 0
    read_missed_events()

    _first, second, third = lists_of_events(silent)
    assert third - second == pytest.approx(3 * 60 * 60, abs=60)


def test_a_webhook_does_not_move_the_cursor(sandbox: Sandbox, pending: Order) -> None:
    read_missed_events()
    before = EventCursor.objects.get().seen_until
    sandbox.clock.advance(hours=3)

    sandbox.pay(pending.session_url)

    assert WebhookEvent.objects.get().processed_at is not None
    assert EventCursor.objects.get().seen_until == before


def test_each_secret_key_has_its_own_cursor(silent: Sandbox, settings: Any, db: None) -> None:
    read_missed_events()
    mine = conf.api_key_digest
    settings.STRIPE_CART_SECRET_KEY = "sk_test_another"

    read_missed_events()

    digests = EventCursor.objects.values_list("api_key_digest", flat=True)
    assert set(digests) == {mine, conf.api_key_digest}
    assert len(set(digests)) == 2


def test_the_first_reading_begins_before_the_oldest_order(silent: Sandbox, pending: Order) -> None:
    placed = timezone.now() - 9 * DAY
    Order.objects.update(placed_at=placed)

    read_missed_events()

    assert (
        timedelta(0) < placed - datetime.fromtimestamp(*lists_of_events(silent), tz=UTC) < 2 * DAY
    )


def test_the_first_reading_begins_thirty_days_ago_at_most(silent: Sandbox, pending: Order) -> None:
    Order.objects.update(placed_at=timezone.now() - 99 * DAY)

    read_missed_events()

    begins = datetime.fromtimestamp(*lists_of_events(silent), tz=UTC)
    assert timezone.now() - begins == pytest.approx(30 * DAY, abs=timedelta(minutes=1))


@pytest.fixture
def central_europe(settings: Any) -> None:
    """A host with naive times, where the clock went from 2:00 to 3:00 on 29 March 2026."""
    settings.USE_TZ = False
    settings.TIME_ZONE = "Europe/Berlin"


def test_with_naive_times_nothing_is_missed_after_the_change_to_summer_time(
    silent: Sandbox, central_europe: None, db: None
) -> None:
    five_past_three = datetime(2026, 3, 29, 1, 5, tzinfo=UTC)
    silent.clock.freeze(int(five_past_three.timestamp()))
    read_missed_events()
    silent.clock.freeze(int((five_past_three + timedelta(hours=1)).timestamp()))

    read_missed_events()

    began = datetime.fromtimestamp(lists_of_events(silent)[-1], tz=UTC)
    assert began == five_past_three - timedelta(minutes=10)


def test_a_fast_clock_misses_nothing_though_a_proxy_removes_stripes_time(
    silent: Sandbox, make_order: MakeOrder
) -> None:
    silent.clock.freeze(int(time.time()) - 60 * 60)
    paid = make_order("paid")

    def answer_without_date(*request: Any) -> Any:
        response = silent.handle(*request)
        response.headers.pop("Date", None)
        return response

    with transport(SandboxClient(answer_without_date)):
        read_missed_events()
        silent.refund(str(paid.payment_intent_id), 100)
        read_missed_events()

    assert refunded(paid) == 100


# --- events that fail ---------------------------------------------------------------------------


@pytest.fixture
def two_paid(silent: Sandbox, make_order: MakeOrder) -> tuple[Order, Order]:
    """Two paid orders with a refund each; the first one's session can't be read from Stripe."""
    broken, well = make_order("paid"), make_order("paid")
    for order in (broken, well):
        silent.refund(str(order.payment_intent_id), amount=100)
    silent.faults.add(
        f"GET /v1/checkout/sessions/{broken.session_id}", kind="bad_request", times=None
    )
    return broken, well


def refunded(order: Order) -> int:
    return Order.objects.get(pk=order.pk).amount_refunded


def test_an_event_that_fails_keeps_no_other_from_being_read(two_paid: tuple[Order, Order]) -> None:
    broken, well = two_paid

    missed = read_missed_events()

    assert (missed.failed > 0, missed.is_complete) == (True, True)
    assert (refunded(broken), refunded(well)) == (0, 100)
    assert EventCursor.objects.exists()


def test_an_event_that_failed_waits_longer_each_time(two_paid: tuple[Order, Order]) -> None:
    waits = []
    for _attempt in range(4):
        assert read_missed_events().failed > 0
        assert read_missed_events().failed == 0  # its time has not come
        row = WebhookEvent.objects.filter(processed_at=None).order_by("pk")[0]
        assert row.retry_at is not None
        waits.append(round((row.retry_at - timezone.now()).total_seconds() / 60))
        make_due()

    assert waits == [1, 2, 4, 8]


def test_an_event_that_failed_is_tried_at_least_once_a_day(two_paid: tuple[Order, Order]) -> None:
    read_missed_events()
    WebhookEvent.objects.update(attempts=10_000)
    make_due()

    read_missed_events()

    row = WebhookEvent.objects.filter(processed_at=None)[0]
    assert row.retry_at is not None
    assert row.retry_at <= timezone.now() + DAY


def test_an_event_that_failed_is_processed_when_its_time_comes(
    silent: Sandbox, two_paid: tuple[Order, Order]
) -> None:
    broken, _well = two_paid
    read_missed_events()
    silent.clock.advance(days=3)  # so the list does not have it any more
    read_missed_events()
    silent.faults.clear()
    make_due()

    missed = read_missed_events()

    assert (missed.failed, missed.waiting, refunded(broken)) == (0, 0, 100)


def test_an_order_that_is_gone_does_not_make_every_reading_begin_before_it(
    silent: Sandbox, make_order: MakeOrder
) -> None:
    read_missed_events()
    paid, gone = make_order("paid"), make_order("pending")
    silent.pay(gone.session_url)  # of another database with the same keys
    for rows in (gone.items, gone.events, gone.webhook_events):
        rows.all().delete()
    gone.delete()
    for _number in range(120):
        silent.refund(str(paid.payment_intent_id), 10)
    assert read_missed_events().failed == 1
    silent.clock.advance(hours=1)
    read_missed_events()
    before = len(lists_of_events(silent))

    read_missed_events()

    assert len(lists_of_events(silent)) - before == 1


def test_an_event_that_stripe_has_deleted_says_so(
    silent: Sandbox, two_paid: tuple[Order, Order]
) -> None:
    read_missed_events()
    age_rows_and_sandbox(silent, 31 * DAY)
    make_due()

    missed = read_missed_events()

    assert missed.failed > 0
    errors = WebhookEvent.objects.filter(processed_at=None).values_list("error", flat=True)
    assert all("does not list this event any more" in error for error in errors)


def test_an_acknowledged_event_is_not_tried_again(two_paid: tuple[Order, Order]) -> None:
    read_missed_events()
    make_due()
    WebhookEvent.objects.filter(processed_at=None).update(acknowledged_at=timezone.now())

    missed = read_missed_events()

    assert (missed.failed, missed.waiting) == (0, 0)


def test_an_event_that_turns_out_to_be_another_shops_is_over(silent: Sandbox, paid: Order) -> None:
    params = {**(paid.session_params or {}), "metadata": {}, "payment_intent_data": {}}
    params.pop("client_reference_id")
    other = gateway.create_session(params, idempotency_key="other")
    silent.pay(other.id)
    silent.open_dispute(other.id)
    silent.faults.add("GET /v1/payment_intents/*", kind="bad_request")
    assert read_missed_events().failed == 1
    make_due()

    missed = read_missed_events()

    assert (missed.failed, missed.waiting) == (0, 0)


def test_an_event_that_can_not_be_saved_is_read_again(
    silent: Sandbox, make_order: MakeOrder
) -> None:
    paid = make_order("paid")
    silent.refund(str(paid.payment_intent_id), 100)

    def refuse_new_events(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT") and WebhookEvent._meta.db_table in sql:
            raise DatabaseError("The disk is full.")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse_new_events):
        missed = read_missed_events()
    assert (missed.is_complete, EventCursor.objects.exists()) == (False, False)

    assert read_missed_events().is_complete

    assert refunded(paid) == 100


# --- a reading that ends early ------------------------------------------------------------------


def test_a_silent_stripe_ends_the_reading(silent: Sandbox, make_order: MakeOrder) -> None:
    orders = [make_order("paid") for _number in range(5)]
    read_missed_events()
    before = EventCursor.objects.get().seen_until
    for order in orders:
        silent.refund(str(order.payment_intent_id), 100)
    silent.faults.add("GET /v1/checkout/sessions/*", kind="timeout_before", times=None)
    due = WebhookEvent.objects.create(event_id="evt_due", type="charge.refunded")
    make_due()

    missed = read_missed_events()

    assert (missed.failed, missed.is_complete) == (3, False)
    assert WebhookEvent.objects.get(pk=due.pk).attempts == 0
    assert EventCursor.objects.get().seen_until == before


def test_the_next_reading_goes_on_after_a_deadline(silent: Sandbox, make_order: MakeOrder) -> None:
    silent.refund(str(make_order("paid").payment_intent_id), 100)

    with deadline(4.5):  # enough for a request, but not for another one half a second later
        order_refunded.connect(sleep)
        try:
            first = read_missed_events()
        finally:
            order_refunded.disconnect(sleep)
    second = read_missed_events()

    assert (first.is_complete, second.is_complete) == (False, True)


def sleep(**kwargs: Any) -> None:
    time.sleep(0.6)
