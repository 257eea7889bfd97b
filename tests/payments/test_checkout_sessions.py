"""What a host lets Stripe add or take off: the lines stay ours, the amount that arrives differs."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.html import strip_tags

from django_stripe_cart.exceptions import PaymentNotConfigured, RefundNotPossible
from django_stripe_cart.models import Order, Product
from django_stripe_cart.payments.checkout_sessions import save_session_params
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from tests.support.logs import formatted
from tests.support.orders import issues, settle

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def a_tenth_off(order: Order) -> dict[str, Any]:
    return {"discounts": [{"coupon": "TENTH"}]}


def all_of_it_off(order: Order) -> dict[str, Any]:
    return {"discounts": [{"coupon": "GIFT"}]}


def paid_row(browser: Browser, order: Order) -> str:
    """The row of the order's table with the amount paid, if it differs from the total."""
    page = browser.client.get(order.get_absolute_url()).content.decode()
    row = next(row for row in page.split("<tr>")[1:] if ">Total paid" in row)
    return " ".join(strip_tags(row.partition("</tr>")[0]).split())


@pytest.fixture
def order(browser: Browser, sandbox: Sandbox, mug: Product, settings: Any, off: str) -> Order:
    """Of one mug, at Stripe for less."""
    sandbox.add_coupon("TENTH", percent_off=10)
    sandbox.add_coupon("GIFT", percent_off=100)
    settings.STRIPE_CART_SESSION_OPTIONS = f"tests.payments.test_checkout_sessions.{off}"
    browser.add(mug)
    browser.check_out()
    return browser.order


@pytest.mark.parametrize("off", ["a_tenth_off"])
def test_a_discount_is_paid_shown_and_refunded_as_what_arrived(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)

    order = browser.order
    assert (order.status, order.total, order.amount_paid) == ("paid", 49900, 44910)
    assert paid_row(browser, order) == "Total paid, including discounts, taxes and shipping ₹449.10"
    assert "₹449.10" in browser.client.get("/shop/orders/").content.decode()

    order = refund_order(order)
    assert (order.status, order.amount_refunded) == ("refunded", 44910)


@pytest.mark.parametrize("off", ["all_of_it_off"])
def test_an_order_given_away_by_a_coupon_is_paid_and_nothing_goes_back(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)

    order = browser.order
    assert (order.status, order.amount_paid, order.payment_intent_id) == ("paid", 0, None)
    assert paid_row(browser, order) == "Total paid, including discounts, taxes and shipping ₹0.00"
    assert "₹0.00" in browser.client.get("/shop/orders/").content.decode()
    with pytest.raises(RefundNotPossible):
        refund_order(order)


@pytest.mark.parametrize("off", ["a_tenth_off", "all_of_it_off"])
def test_a_discount_that_the_host_has_since_ended_can_be_accepted(
    browser: Browser, sandbox: Sandbox, order: Order, settings: Any
) -> None:
    settings.STRIPE_CART_SESSION_OPTIONS = None
    sandbox.pay(order.session_url)
    assert (browser.order.status, issues(order)) == ("processing", ["amount_mismatch"])
    assert browser.order.is_held

    accepted = settle(order, "amount_mismatch")

    assert (accepted.status, accepted.held_for, issues(order)) == ("paid", "", [])


def with_shipping(order: Order) -> dict[str, Any]:
    fixed = {"type": "fixed_amount", "fixed_amount": {"amount": 4900, "currency": "inr"}}
    return {"shipping_options": [{"shipping_rate_data": {"display_name": "Post", **fixed}}]}


@pytest.mark.parametrize("off", ["with_shipping"])
def test_shipping_is_paid_on_top_of_the_lines(
    browser: Browser, sandbox: Sandbox, order: Order
) -> None:
    sandbox.pay(order.session_url)

    order = browser.order
    assert (order.status, issues(order)) == ("paid", [])
    assert (order.total, order.amount_paid) == (49900, 54800)


@pytest.mark.parametrize("off", ["a_tenth_off", "all_of_it_off", "with_shipping"])
def test_lines_that_come_to_something_else_are_never_simply_paid(
    browser: Browser, sandbox: Sandbox, order: Order, signals_sent: list[str]
) -> None:
    """What a host adds or takes off is no excuse for another price of the lines themselves."""
    Order.objects.update(total=order.total - 1)

    sandbox.pay(order.session_url)

    assert (browser.order.status, issues(order)) == ("processing", ["amount_mismatch"])
    assert browser.order.is_held
    assert "order_paid" not in signals_sent


def reserved(order: Order) -> dict[str, Any]:
    return {"payment_intent_data": {"capture_method": "manual"}}


def reserved_on_cards(order: Order) -> dict[str, Any]:
    return {"payment_method_options": {"card": {"capture_method": "manual"}}}


def captured_soon(order: Order) -> dict[str, Any]:
    return {"payment_intent_data": {"capture_method": "automatic_async"}}


def save_params(order: Order) -> Order:
    return save_session_params(order, success_url="https://x.test/a", cancel_url="https://x.test/b")


@pytest.mark.parametrize("options", ["reserved", "reserved_on_cards"])
def test_money_that_would_only_be_reserved_is_not_asked_for(
    make_order: Any, settings: Any, caplog: pytest.LogCaptureFixture, options: str
) -> None:
    order = make_order("pending")
    Order.objects.filter(pk=order.pk).update(session_params=None)
    order = Order.objects.get(pk=order.pk)
    settings.STRIPE_CART_SESSION_OPTIONS = f"tests.payments.test_checkout_sessions.{options}"

    with pytest.raises(PaymentNotConfigured):
        save_params(order)

    assert 'capture_method="manual"' in caplog.text
    assert Order.objects.get(pk=order.pk).session_params is None


def test_money_that_is_captured_by_stripe_itself_may_be_asked_for(
    make_order: Any, settings: Any
) -> None:
    order = make_order("pending")
    Order.objects.filter(pk=order.pk).update(session_params=None)
    settings.STRIPE_CART_SESSION_OPTIONS = "tests.payments.test_checkout_sessions.captured_soon"

    intended = save_params(Order.objects.get(pk=order.pk))

    assert intended.session_params is not None
    data = intended.session_params["payment_intent_data"]
    assert data["capture_method"] == "automatic_async"


def embedded(order: Order) -> dict[str, Any]:
    return {"ui_mode": "embedded"}


def test_a_refusal_without_a_code_leaves_no_gap_in_the_log(
    browser: Browser, sandbox: Sandbox, mug: Product, settings: Any, caplog: Any
) -> None:
    settings.STRIPE_CART_SESSION_OPTIONS = "tests.payments.test_checkout_sessions.embedded"
    browser.add(mug)

    browser.check_out()

    assert f"stripe_cart: Order {browser.order.reference} was refused: ui_mode" in formatted(
        caplog.records
    )
