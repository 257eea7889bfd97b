"""Events that no webhook brought, and those that can't be processed, as the doctor shows them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from django_stripe_cart.models import EventCursor, Order, WebhookEvent
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.webhooks import read_missed_events
from tests.doctor.command import run_doctor
from tests.support.clock import age_rows, age_rows_and_sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize(
    ("days", "sentence", "well"),
    [
        (2, "look   stripe_cart_sync finished 2\xa0days ago.", True),
        (31, "WRONG  stripe_cart_sync finished 1\xa0month ago: Stripe has deleted events", False),
    ],
)
def test_a_sync_of_long_ago_is_reported(
    healthy_site: Sandbox, days: int, sentence: str, well: bool
) -> None:
    EventCursor.objects.update(seen_until=timezone.now() - timedelta(days=days))

    output, is_healthy = run_doctor()

    assert sentence in output
    assert is_healthy is well


def test_a_sync_that_never_ran_is_reported(healthy_site: Sandbox) -> None:
    EventCursor.objects.all().delete()

    assert "look   stripe_cart_sync has never finished." in run_doctor()[0]


def test_a_key_with_which_no_events_were_read_yet_is_reported(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(STRIPE_CART_SECRET_KEY="sk_test_the_next")

    assert is_healthy
    assert "look   The events have not been read with today's STRIPE_CART_SECRET_KEY yet" in output
    assert "Next: python manage.py stripe_cart_sync\n" in output


def test_without_a_key_nothing_is_said_of_reading_events(healthy_site: Sandbox) -> None:
    assert "have not been read" not in run_doctor(STRIPE_CART_SECRET_KEY="")[0]


def test_a_gap_is_wrong_until_the_orders_are_synced(healthy_site: Sandbox, pending: Order) -> None:
    healthy_site.pay(pending.session_url)
    sync_order(pending)
    age_rows_and_sandbox(healthy_site, timedelta(days=40))
    since = EventCursor.objects.get().seen_until
    read_missed_events()

    output, is_healthy = run_doctor()
    assert not is_healthy
    assert f"WRONG  Events since {since - timedelta(minutes=10):%Y-%m-%d} were missed" in output
    assert "Orders that are left: 1.\n         Next: python manage.py stripe_cart_sync," in output

    call_command("stripe_cart_sync")
    assert "were missed" not in run_doctor()[0]


def test_a_failed_order_counts_among_those_that_are_left(
    healthy_site: Sandbox, pending: Order
) -> None:
    healthy_site.pay(pending.session_url)
    sync_order(pending)
    read_missed_events()
    EventCursor.objects.update(
        gap_since=timezone.now(), gap_checked_pk=pending.pk + 1, gap_failed_pk=pending.pk
    )

    assert "Orders that are left: 1." in run_doctor()[0]


def test_an_event_that_cannot_be_processed_is_reported(
    healthy_site: Sandbox, pending: Order
) -> None:
    healthy_site.pay(pending.session_url)
    pending.delete()  # as after a backup was restored
    read_missed_events()
    assert "not processed" not in run_doctor()[0]  # it may be processed at this moment

    age_rows(timedelta(hours=2))
    output, is_healthy = run_doctor()

    (event,) = WebhookEvent.objects.all()
    assert not is_healthy
    assert f"WRONG  Events not processed: 1, the oldest ({event.event_id}) received at " in output
    assert "(2\xa0hours ago): UnknownOrder(" in output
    assert "acknowledge the event in the admin." in output


def test_an_acknowledged_event_is_not_reported(healthy_site: Sandbox, pending: Order) -> None:
    healthy_site.pay(pending.session_url)
    pending.delete()
    read_missed_events()
    age_rows(timedelta(hours=2))

    WebhookEvent.objects.update(acknowledged_at=timezone.now())

    assert "not processed" not in run_doctor()[0]


def test_an_event_whose_processing_was_interrupted_is_reported(healthy_site: Sandbox) -> None:
    WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded")
    age_rows(timedelta(hours=2))

    assert "(2\xa0hours ago): it was interrupted." in run_doctor()[0]
