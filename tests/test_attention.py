"""What a person does about an order that is not simply paid."""

from __future__ import annotations

import pytest

from django_stripe_cart.attention import settle_attention
from django_stripe_cart.exceptions import OutOfStock
from django_stripe_cart.gateway import create_session
from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.timeline import Cause
from tests.payments.test_sync import close_behind_our_back

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def test_another_amount_can_be_accepted(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    Order.objects.update(total=1)
    sandbox.pay(pending.session_url)
    signals_sent.clear()

    accepted = settle_attention(browser.order, by=Cause("staff", actor="ada"))

    assert (accepted.status, accepted.attention) == ("paid", "")
    assert signals_sent == ["order_paid"]
    assert accepted.events.get(kind="paid").actor == "ada"


def test_a_payment_without_stock_is_accepted_only_with_the_goods(
    browser: Browser, sandbox: Sandbox, pending: Order, mug: Product
) -> None:
    close_behind_our_back(pending)
    pending.items.update(stock_taken=0)
    Product.objects.update(stock=0)
    sandbox.pay(pending.session_url)

    with pytest.raises(OutOfStock):
        settle_attention(browser.order)
    assert browser.order.attention == "paid_without_stock"

    Product.objects.update(stock=5)
    assert settle_attention(browser.order).status == "paid"
    mug.refresh_from_db()
    assert mug.stock == 3


def test_a_debit_that_is_still_clearing_is_not_paid_by_settling_a_flag(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    sandbox.pay_by_bank_debit(pending.session_url)
    second = create_session(browser.order.session_params, idempotency_key="second")
    sandbox.pay(second.id)
    assert (browser.order.status, browser.order.attention) == ("processing", "unknown_money")
    signals_sent.clear()

    settled = settle_attention(browser.order)
    assert (settled.status, settled.attention, signals_sent) == ("processing", "", [])

    sandbox.settle(pending.session_id)
    assert (browser.order.status, signals_sent) == ("paid", ["order_paid"])


def test_a_failed_bank_debit_clears_the_attention(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    close_behind_our_back(pending)
    pending.items.update(stock_taken=0)
    Product.objects.update(stock=0)
    sandbox.pay_by_bank_debit(pending.session_url)
    assert (browser.order.status, browser.order.attention) == ("processing", "paid_without_stock")

    sandbox.settle(pending.session_id, ok=False)

    assert (browser.order.status, browser.order.attention) == ("failed", "")


def test_a_flag_beside_a_paid_order_comes_down_and_nothing_else_changes(
    browser: Browser, sandbox: Sandbox, pending: Order, signals_sent: list[str]
) -> None:
    sandbox.pay(pending.session_url)
    Order.objects.update(attention="refund_failed")
    signals_sent.clear()

    assert settle_attention(browser.order).attention == ""
    assert settle_attention(browser.order).status == "paid"

    assert signals_sent == []
    assert browser.order.events.filter(kind="attention_settled").count() == 1
