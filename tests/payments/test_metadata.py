"""Whose order an event is about, if several shops use one Stripe account."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings

from django_stripe_cart.models import Order, WebhookEvent
from django_stripe_cart.payments.metadata import is_this_shop, shop_id
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser

pytestmark = pytest.mark.stripe_sdk


def delete(order: Order) -> None:
    """Delete an order as if it had been placed in another database."""
    for rows in (order.items, order.events, order.webhook_events, order.refunds):
        rows.all().delete()
    order.delete()


def waiting() -> list[str]:
    rows = WebhookEvent.objects.filter(processed_at=None)
    return sorted(rows.values_list("type", flat=True))


def test_the_id_is_made_from_the_secret_key(settings: Any) -> None:
    before = shop_id()

    settings.SECRET_KEY = "another"

    assert (len(before), shop_id() == before) == (16, False)
    assert django_settings.SECRET_KEY not in before


def test_an_id_made_from_a_previous_secret_key_is_this_shops(settings: Any) -> None:
    before = shop_id()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    assert is_this_shop(before)
    assert is_this_shop(shop_id())
    assert not is_this_shop("0123456789abcdef")
    assert not is_this_shop(None)


@pytest.mark.parametrize("value", ["the-mug-shop", lambda: "the-mug-shop"])
def test_the_id_can_be_set(settings: Any, value: Any) -> None:
    from_secret_key = shop_id()
    settings.STRIPE_CART_SHOP_ID = value

    assert shop_id() == "the-mug-shop"
    assert is_this_shop("the-mug-shop")
    assert not is_this_shop(from_secret_key)


def test_stripe_gets_the_id_that_is_set(
    browser: Browser, sandbox: Sandbox, mug: Any, settings: Any
) -> None:
    settings.STRIPE_CART_SHOP_ID = "the-mug-shop"
    browser.add(mug)

    browser.check_out()

    (session,) = sandbox.sessions
    assert session["metadata"]["stripe_cart_shop"] == "the-mug-shop"


def test_an_order_in_the_database_is_recorded_whatever_the_id(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    settings.STRIPE_CART_SHOP_ID = "another-shop"

    sandbox.pay(pending.session_url)

    assert Order.objects.get().status == "paid"


def test_an_order_of_this_shop_that_is_missing_is_kept(pending: Order, sandbox: Sandbox) -> None:
    delete(pending)

    sandbox.pay(pending.session_url)

    assert waiting() == ["checkout.session.completed"]


def test_an_order_of_another_shop_is_ignored(
    pending: Order, sandbox: Sandbox, settings: Any
) -> None:
    delete(pending)
    settings.STRIPE_CART_SHOP_ID = "another-shop"

    sandbox.pay(pending.session_url)
    sandbox.open_dispute(str(pending.session_id))

    assert waiting() == []


def test_a_dispute_about_a_missing_order_is_kept(paid: Order, sandbox: Sandbox) -> None:
    """A dispute has no metadata: the shop is named by its payment."""
    intent = str(paid.payment_intent_id)
    delete(paid)

    sandbox.open_dispute(intent)

    assert set(waiting()) == {"charge.dispute.created", "charge.dispute.funds_withdrawn"}


def test_a_failed_refund_of_a_missing_order_is_kept(paid: Order, sandbox: Sandbox) -> None:
    intent = str(paid.payment_intent_id)
    delete(paid)
    refund = sandbox.refund(intent, 100)

    sandbox.set_refund_status(refund["id"], "failed")

    assert "refund.failed" in waiting()
