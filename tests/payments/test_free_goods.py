"""Free goods: nothing is asked of Stripe, unless the host's options add postage."""

from __future__ import annotations

from typing import Any

import pytest

from django_stripe_cart.models import Order, Product
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import make_product

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]

POSTAGE, EXPRESS = 49000, 99000


def postage(order: Order) -> dict[str, Any]:
    return {"shipping_options": [_rate(order, "Post", POSTAGE), _rate(order, "Express", EXPRESS)]}


def no_postage(order: Order) -> dict[str, Any]:
    return {"phone_number_collection": {"enabled": True}}


def _rate(order: Order, name: str, amount: int) -> dict[str, Any]:
    fixed = {"amount": amount, "currency": order.currency}
    rate = {"display_name": name, "type": "fixed_amount", "fixed_amount": fixed}
    return {"shipping_rate_data": rate}


@pytest.fixture
def sample(db: None) -> Product:
    return make_product("Sample", price="0.00", stock=5)


@pytest.fixture
def with_options(settings: Any, options: str) -> None:
    settings.STRIPE_CART_SESSION_OPTIONS = f"tests.payments.test_free_goods.{options}"


def buy(browser: Browser, product: Product) -> Order:
    browser.add(product)
    browser.check_out()
    return browser.order


@pytest.mark.parametrize("options", ["postage"])
def test_the_postage_of_a_free_sample_is_paid_at_stripe(
    browser: Browser,
    sandbox: Sandbox,
    sample: Product,
    with_options: None,
    signals_sent: list[str],
) -> None:
    order = buy(browser, sample)
    assert (order.status, order.total, len(sandbox.sessions)) == ("pending", 0, 1)
    assert signals_sent == ["order_placed"]

    sandbox.pay(order.session_url)

    order = browser.order
    assert (order.status, order.amount_paid, order.amount_shipping) == ("paid", POSTAGE, POSTAGE)
    assert signals_sent == ["order_placed", "order_paid"]
    assert not order.issues.exists()
    sample.refresh_from_db()
    assert sample.stock == 4


@pytest.mark.parametrize("options", ["postage"])
def test_another_shipping_rate_may_be_chosen_on_the_payment_page(
    browser: Browser, sandbox: Sandbox, sample: Product, with_options: None
) -> None:
    order = buy(browser, sample)
    express = sandbox.sessions[0]["shipping_options"][1]["shipping_rate"]

    sandbox.pay(order.session_url, shipping_rate=express)

    assert (browser.order.amount_paid, browser.order.amount_shipping) == (EXPRESS, EXPRESS)


@pytest.mark.parametrize("options", ["postage"])
def test_paid_postage_can_be_refunded(
    browser: Browser, sandbox: Sandbox, sample: Product, with_options: None
) -> None:
    sandbox.pay(buy(browser, sample).session_url)

    refunded = refund_order(browser.order)

    assert (refunded.status, refunded.amount_refunded) == ("refunded", POSTAGE)


@pytest.mark.parametrize("options", ["postage"])
def test_an_order_whose_postage_is_not_paid_expires(
    browser: Browser, sandbox: Sandbox, sample: Product, with_options: None
) -> None:
    order = buy(browser, sample)

    sandbox.expire(order.session_id)

    assert browser.order.status == "expired"
    sample.refresh_from_db()
    assert sample.stock == 5


@pytest.mark.parametrize("options", ["postage"])
def test_postage_is_added_to_goods_that_cost_something(
    browser: Browser, sandbox: Sandbox, mug: Product, with_options: None
) -> None:
    sandbox.pay(buy(browser, mug).session_url)

    order = browser.order
    assert (order.status, order.total, order.amount_shipping) == ("paid", 49900, POSTAGE)
    assert order.amount_paid == 49900 + POSTAGE


@pytest.mark.parametrize("options", ["no_postage"])
def test_options_that_cost_nothing_leave_free_goods_free(
    browser: Browser,
    sandbox: Sandbox,
    sample: Product,
    with_options: None,
    signals_sent: list[str],
) -> None:
    order = buy(browser, sample)

    assert (order.status, order.amount_paid, sandbox.sessions) == ("paid", 0, [])
    assert signals_sent == ["order_placed", "order_paid"]


def test_free_goods_without_options_are_paid_at_once(
    browser: Browser, sandbox: Sandbox, sample: Product, signals_sent: list[str]
) -> None:
    order = buy(browser, sample)

    assert (order.status, order.amount_paid, order.amount_shipping) == ("paid", 0, 0)
    assert (sandbox.requests, signals_sent) == ([], ["order_placed", "order_paid"])
