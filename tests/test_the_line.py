"""The tour of the house: one order, from the product page to the money and the goods."""

from __future__ import annotations

import pytest

from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Product
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def test_the_line(
    browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product, signals_sent: list[str]
) -> None:
    # The product page: two mugs at 499.00 and a lamp at 1,299.50.
    browser.add(mug, 2)
    browser.add(lamp)
    assert "₹2,297.50" in browser.open_cart()

    # Checkout places the order, takes the stock, and sends the shopper to Stripe.
    answer = browser.check_out()
    order = browser.order
    assert (answer.status_code, answer.url) == (303, order.session_url)
    assert (order.status, order.total, order.currency) == ("pending", 229750, "inr")
    assert list(Product.objects.order_by("pk").values_list("stock", flat=True)) == [8, 4]

    # Stripe got the prices of the shop, and shows them.
    session = sandbox.sessions[0]
    assert (session["id"], session["amount_total"]) == (order.session_id, 229750)
    assert session["client_reference_id"] == str(order.reference)

    # The shopper pays. The webhook arrives before Stripe redirects back.
    payment = sandbox.pay(order.session_url, card="4242424242424242")
    page = browser.follow(payment.redirect_url)
    assert "Paid" in page.content.decode()

    # The order is paid, once; the cart is empty; the signals were sent.
    order = browser.order
    assert (order.status, order.amount_paid) == ("paid", 229750)
    assert order.payment_intent_id == sandbox.payment_intents[0]["id"]
    assert order.open_cart is None
    assert browser.user.stripe_cart.items.count() == 0
    assert signals_sent == ["order_placed", "order_paid"]

    # The goods go out.
    order = fulfill_order(order)
    assert (order.status, signals_sent[-1]) == ("fulfilled", "order_fulfilled")

    # One mug was broken: its price goes back, and the order stays what it is.
    order = refund_order(order, 49900, reason="Broken")
    assert (order.status, order.amount_refunded) == ("fulfilled", 49900)
    assert "₹499.00" in refunded(browser)

    # The rest comes back too, goods and money: the stock is whole again.
    order = refund_order(order, restock=True)
    assert (order.status, order.amount_refunded) == ("refunded", 229750)
    assert sum(refund["amount"] for refund in sandbox.refunds) == 229750
    assert list(Product.objects.order_by("pk").values_list("stock", flat=True)) == [10, 5]
    assert "₹2,297.50" in refunded(browser)

    # Every event is on the timeline, and each signal was sent once.
    assert signals_sent[2:] == ["order_fulfilled", "order_refunded", "order_refunded"]
    assert [(event.kind, event.to_status) for event in order.events.all()] == [
        ("placed", "pending"),
        ("session", ""),
        ("paid", "paid"),
        ("fulfilled", "fulfilled"),
        ("refund_requested", ""),
        ("refunded", ""),
        ("refund_requested", ""),
        ("refunded", ""),
        ("refunded_whole", "refunded"),
    ]


def refunded(browser: Browser) -> str:
    """What the order's page says of the money that went back."""
    page = browser.client.get(browser.order.get_absolute_url()).content.decode()
    return page.rpartition("Refunded")[2]
