"""Orders that wait for something, as the doctor shows them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from django_stripe_cart.models import Order, Product, WebhookEvent
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from tests.doctor.command import run_doctor

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_orders_that_wait_are_reported(
    healthy_site: Sandbox, browser: Browser, mug: Product
) -> None:
    browser.add(mug)
    browser.check_out()
    WebhookEvent.objects.create(
        event_id="evt_1", type="charge.refunded", delivered_at=timezone.now()
    )
    assert run_doctor()[1]

    hour = timezone.now() - timedelta(hours=1)
    Order.objects.update(placed_at=hour, synced_at=None)
    browser.order.issues.create(reason="disputed")
    output, is_healthy = run_doctor()

    assert not is_healthy
    assert "Orders awaiting payment: 1." in output
    assert f"1, the oldest ({browser.order.number}) since 1\xa0hour." in output
    assert "look   Open issues of orders: 1." in output


def test_orders_with_another_key_are_reported(healthy_site: Sandbox, pending: Order) -> None:
    output, _is_healthy = run_doctor(STRIPE_CART_SECRET_KEY="sk_test_the_next")

    assert (
        "look   Orders placed with another STRIPE_CART_SECRET_KEY that await payment: 1, "
        f"the oldest ({pending.number}) since 0\xa0minutes." in output
    )
    assert "Next: Nothing, if the key was replaced at the same Stripe account." in output


def test_a_bank_debit_with_another_key_is_reported(healthy_site: Sandbox, pending: Order) -> None:
    healthy_site.pay_by_bank_debit(pending.session_url)
    sync_order(pending)

    output, _is_healthy = run_doctor(STRIPE_CART_SECRET_KEY="sk_test_the_next")

    assert "STRIPE_CART_SECRET_KEY that await payment: 1, the oldest" in output


def test_other_orders_are_not_reported_as_placed_with_another_key(
    healthy_site: Sandbox, pending: Order
) -> None:
    assert "another STRIPE_CART_SECRET_KEY" not in run_doctor()[0]

    healthy_site.pay(pending.session_url)
    sync_order(pending)
    output, _is_healthy = run_doctor(STRIPE_CART_SECRET_KEY="sk_test_the_next")
    assert "await payment: 1" not in output


def test_an_order_that_is_held_does_not_await_payment(
    healthy_site: Sandbox, pending: Order
) -> None:
    Order.objects.update(total=1)
    healthy_site.pay(pending.session_url)
    assert sync_order(pending).is_held

    output, _is_healthy = run_doctor(STRIPE_CART_SECRET_KEY="sk_test_the_next")

    assert "await payment" not in output
