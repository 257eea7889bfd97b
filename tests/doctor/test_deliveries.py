"""Webhooks that arrived, were refused or are missing, as the doctor shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.models import Order, Product, WebhookEvent, WebhookRefusal
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.events import sign_event
from django_stripe_cart.testing.factories import make_product
from django_stripe_cart.testing.sandbox import post_webhook
from django_stripe_cart.webhooks import read_missed_events
from tests.doctor.command import run_doctor
from tests.support.clock import age_rows
from tests.support.orders import buy, check_out

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SEE_DASHBOARD = "Next: See at dashboard.stripe.com/webhooks how this site answered."


@pytest.fixture
def connected_site(healthy_site: Sandbox, settings: Any) -> Sandbox:
    """A site whose webhook secret is that of its endpoint, and where no webhook arrived yet."""
    (endpoint,) = gateway.list_endpoints()
    settings.STRIPE_CART_WEBHOOK_SECRET = healthy_site.roll_secret(endpoint.id)
    return healthy_site


def test_the_last_webhook_that_arrived_is_reported(
    connected_site: Sandbox, browser: Browser, mug: Product
) -> None:
    check_out(browser, mug)
    output, is_healthy = run_doctor()
    assert not is_healthy
    assert "WRONG  No webhook has ever arrived, though there are orders." in output

    buy(browser, connected_site, mug)
    output, is_healthy = run_doctor()
    assert is_healthy
    assert "The last webhook arrived 0\xa0minutes ago (checkout.session.completed)." in output


def test_an_event_that_was_read_from_stripes_list_did_not_arrive(
    connected_site: Sandbox, pending: Order
) -> None:
    connected_site.hold_deliveries = True
    connected_site.pay(pending.session_url)
    assert read_missed_events().processed

    assert "WRONG  No webhook has ever arrived, though there are orders." in run_doctor()[0]


def test_webhooks_with_another_secret_are_reported_until_one_arrives(
    connected_site: Sandbox, pending: Order, settings: Any
) -> None:
    right = settings.STRIPE_CART_WEBHOOK_SECRET
    settings.STRIPE_CART_WEBHOOK_SECRET = "whsec_another"
    connected_site.pay(pending.session_url)

    output, is_healthy = run_doctor()
    now = timezone.localtime()
    assert not is_healthy
    assert f"WRONG  The last webhook was refused at {now:%Y-%m-%d} " in output
    assert "(0\xa0minutes ago). Not a webhook from Stripe: it is signed with another" in output
    assert "Next: If Stripe sent it, set STRIPE_CART_WEBHOOK_SECRET" in output

    settings.STRIPE_CART_WEBHOOK_SECRET = right
    connected_site.clock.advance(seconds=5)  # it is sent again
    output, is_healthy = run_doctor()
    assert is_healthy
    assert f"look   A webhook was refused at {now:%Y-%m-%d} " in output

    WebhookRefusal.objects.update(refused_at=F("refused_at") - timedelta(days=1, minutes=1))
    assert "was refused" not in run_doctor()[0]


def test_a_refusal_for_the_time_of_the_signature_points_to_the_clock(
    connected_site: Sandbox, pending: Order
) -> None:
    connected_site.faults.add("WEBHOOK *", kind="old_signature")

    connected_site.pay(pending.session_url)

    output, _is_healthy = run_doctor()
    assert "it was signed over 5 minutes ago or in the future" in output
    assert "Next: Compare the clocks, see “Stripe account”." in output


def test_a_refusal_for_another_reason_points_to_the_log(connected_site: Sandbox) -> None:
    event = sign_event({"object": "event"})  # without an id
    assert post_webhook(event.body, event.headers) == 400

    output, is_healthy = run_doctor()

    assert not is_healthy
    assert "its body can't be read (KeyError).\n         Next: See the log of this time." in output


def test_orders_paid_since_the_last_webhook_are_reported(
    connected_site: Sandbox, browser: Browser, mug: Product, lamp: Product
) -> None:
    buy(browser, connected_site, mug)
    age_rows(timedelta(hours=2))
    connected_site.hold_deliveries = True
    order = buy(browser, connected_site, lamp)
    sync_order(order)
    assert "paid since" not in run_doctor()[0]  # its webhook may still arrive

    age_rows(timedelta(minutes=11))
    output, is_healthy = run_doctor()

    assert not is_healthy
    assert "WRONG  1 order was paid since the last webhook arrived." in output
    assert SEE_DASHBOARD in output
    output, _is_healthy = run_doctor(STRIPE_CART_API_BASE="http://127.0.0.1:1", DEBUG=True)
    assert "Next: See at http://127.0.0.1:1 how this site answered." in output

    connected_site.deliver()
    assert "paid since" not in run_doctor()[0]


def test_a_free_order_and_one_of_the_other_mode_need_no_webhook(
    connected_site: Sandbox, browser: Browser, mug: Product
) -> None:
    buy(browser, connected_site, mug)
    age_rows(timedelta(hours=2))
    check_out(browser, make_product("Sticker", price="0"))
    connected_site.hold_deliveries = True
    order = buy(browser, connected_site, mug)
    sync_order(order)
    age_rows(timedelta(minutes=11))

    Order.objects.filter(pk=order.pk).update(livemode=True)

    assert Order.objects.filter(paid_at__gt=timezone.now() - timedelta(hours=1)).count() == 2
    assert "paid since" not in run_doctor()[0]


def test_a_webhook_of_the_other_mode_does_not_count(connected_site: Sandbox, paid: Order) -> None:
    WebhookEvent.objects.update(livemode=True)

    assert "WRONG  No webhook has ever arrived, though there are orders." in run_doctor()[0]
