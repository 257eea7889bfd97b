"""Reads in a host with a router to a replica that lags behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections, router

from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Product
from django_stripe_cart.payments import sync_open_orders
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.webhooks.missed_events import read_missed_events

pytestmark = pytest.mark.database


class ReadsFromReplica:
    """What is read comes from there, our products excepted: they are only on show."""

    def db_for_read(self, model: type, **hints: Any) -> str | None:
        is_ours = model.__module__.startswith("django_stripe_cart.models")
        return "replica" if is_ours and model is not Product else None


@pytest.fixture
def replica(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that asks it fails: Django lets no test connect to what it has not announced."""
    primary = connections.databases["default"]
    monkeypatch.setitem(connections.databases, "replica", {**primary, "ATOMIC_REQUESTS": False})
    monkeypatch.setattr(router, "routers", [ReadsFromReplica()])


def test_no_replica_is_asked_about_carts_orders_and_money(
    browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product, replica: None
) -> None:
    browser.add(mug)
    browser.check_out()
    browser.set_quantity(mug, 2)
    browser.add(lamp)
    browser.remove(lamp)
    browser.check_out()
    sandbox.pay(browser.order.session_url)
    fulfill_order(browser.order)
    refund_order(browser.order, 500, restock=True)
    sandbox.refund(sandbox.payment_intents[0]["id"])
    browser.client.get("/shop/orders/")
    browser.client.get(browser.order.get_absolute_url())
    list(sync_open_orders())

    assert read_missed_events().failed == 0
    assert browser.order.status == "refunded"
