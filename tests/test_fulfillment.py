"""The goods go out, once."""

from __future__ import annotations

import pytest

from django_stripe_cart.exceptions import OrderError
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_paid
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.timeline import Cause

pytestmark = pytest.mark.database


def test_a_paid_order_is_fulfilled_once(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    sandbox.pay(pending.session_url)
    by = Cause("staff", actor="ada")

    first = fulfill_order(browser.order, by=by)
    second = fulfill_order(browser.order, by=by)

    assert (first.status, second.fulfilled_at) == ("fulfilled", first.fulfilled_at)
    assert signals_sent.count("order_fulfilled") == 1
    entry = first.events.get(kind="fulfilled")
    assert (entry.actor, entry.from_status, entry.to_status) == ("ada", "paid", "fulfilled")


def test_an_unpaid_order_can_not_be_fulfilled(pending: Order) -> None:
    with pytest.raises(OrderError, match="Only a paid order"):
        fulfill_order(pending)


def test_a_receiver_of_order_paid_may_fulfill_at_once(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    def download(order: Order, **kwargs: object) -> None:
        fulfill_order(order)

    order_paid.connect(download)
    try:
        sandbox.pay(pending.session_url)
    finally:
        order_paid.disconnect(download)

    order = browser.order
    assert order.status == "fulfilled"
    assert [event.kind for event in order.events.all()][-2:] == ["paid", "fulfilled"]
