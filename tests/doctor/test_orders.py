"""Orders that wait, and the last sync, as the doctor shows them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from django_stripe_cart.models import EventCursor, Order, Product, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from tests.doctor.command import run_doctor

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_orders_that_wait_are_reported(
    healthy_site: Sandbox, browser: Browser, mug: Product
) -> None:
    browser.add(mug)
    browser.check_out()
    WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded")
    assert run_doctor()[1]

    hour = timezone.now() - timedelta(hours=1)
    Order.objects.update(placed_at=hour, synced_at=None)
    browser.order.issues.create(reason="disputed")
    output, is_healthy = run_doctor()

    assert not is_healthy
    assert "Orders awaiting payment: 1." in output
    assert f"1, the oldest ({browser.order.number}) since 1\xa0hour." in output
    assert "look   Open issues of orders: 1." in output


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
