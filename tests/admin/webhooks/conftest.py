"""Webhook events that could not be processed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.urls import include, path
from django.utils import timezone

from django_stripe_cart.admin import WebhookEventAdmin
from django_stripe_cart.models import Order, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.webhooks import read_missed_events

RegisterEventAdmin = Callable[[type[WebhookEventAdmin]], None]


def make_old(*events: WebhookEvent) -> None:
    """Let the time pass in which a process may still be working on the events."""
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
    for event in events:
        event.refresh_from_db()


@pytest.fixture
def waiting(sandbox: Sandbox, pending: Order) -> WebhookEvent:
    """An event about a payment whose order was lost, as after a backup was restored."""
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)
    Order.objects.all().delete()
    assert read_missed_events().failed > 0
    make_old()
    return WebhookEvent.objects.get(type="checkout.session.completed")


@pytest.fixture
def processed(db: None) -> WebhookEvent:
    event = WebhookEvent.objects.create(
        event_id="evt_processed", type="charge.refunded", processed_at=timezone.now()
    )
    make_old(event)
    return event


@pytest.fixture
def register_event_admin(settings: Any) -> RegisterEventAdmin:
    """``register_event_admin(Events)``: a host has its own class for events in the admin."""

    def register_event_admin(event_admin: type[WebhookEventAdmin]) -> None:
        site = AdminSite()
        site.register(WebhookEvent, event_admin)
        settings.ROOT_URLCONF = (path("admin/", site.urls), path("", include("tests.urls")))

    return register_event_admin
