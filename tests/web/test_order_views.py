"""What a shopper does about an order afterwards: pay, cancel, order again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from django_stripe_cart.checkout import place_order
from django_stripe_cart.models import Order, Product
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of
from django_stripe_cart.testing.factories import OrderFactory, UserFactory
from tests.support.orders import buy

ACTIONS = ["pay", "cancel", "again"]
FRAGMENT = {"Stripe-Cart": "modal"}


def do(action: str, browser: Browser, order: Order, **options: Any) -> HttpResponse:
    return browser.client.post(f"/shop/orders/{order.reference}/{action}/", **options)  # type: ignore[return-value]


# --- access -------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_another_shoppers_order_is_not_found(pending: Order, action: str) -> None:
    stranger = Browser(UserFactory())

    assert do(action, stranger, pending).status_code == 404
    assert Order.objects.get().is_payable


@pytest.mark.parametrize("action", ACTIONS)
def test_a_get_and_a_post_without_its_token_change_nothing(
    browser: Browser, pending: Order, action: str
) -> None:
    url = f"/shop/orders/{pending.reference}/{action}/"
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(browser.user)

    assert browser.client.get(url).status_code == 405
    assert strict.post(url).status_code == 403


# --- pay ----------------------------------------------------------------------------------------


def test_a_pending_order_leads_to_its_own_session(browser: Browser, pending: Order) -> None:
    answer = do("pay", browser, pending)
    scripted = do("pay", browser, pending, headers=FRAGMENT)

    assert answer.url == pending.session_url
    assert scripted.headers["Stripe-Cart-Location"] == pending.session_url


def test_an_order_that_never_reached_stripe_gets_its_session(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    placed = place_order(browser.user.stripe_cart)

    answer = do("pay", browser, placed)

    assert browser.order.session_id
    assert answer.url == browser.order.session_url
    sandbox.pay(answer.url)
    assert browser.order.status == "paid"


def test_an_order_already_paid_at_stripe_is_not_paid_again(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)

    answer = do("pay", browser, pending)

    assert answer.url == pending.get_absolute_url()
    assert messages_of(answer) == [f"Thank you! Order {pending.number} is paid."]


def test_an_order_with_no_time_left_is_closed_in_words(browser: Browser, pending: Order) -> None:
    Order.objects.update(session_expires_at=timezone.now() + timedelta(seconds=30))

    answer = do("pay", browser, pending)

    assert answer.url == pending.get_absolute_url()
    assert browser.order.status in ("canceled", "expired")
    assert messages_of(answer)


def test_an_order_that_is_being_canceled_is_not_paid(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    Order.objects.update(cancel_requested_at=timezone.now())

    sandbox.faults.add("POST /v1/checkout/sessions/*/expire", kind="unavailable", times=9)
    page = browser.client.get(pending.get_absolute_url()).content.decode()
    refused = do("pay", browser, pending)
    sandbox.faults.clear()
    answer = do("pay", browser, pending)

    assert "This order is being canceled." in page
    assert "Pay now" not in page
    assert refused.url == pending.get_absolute_url()
    assert messages_of(answer)[-1] == f"Order {pending.number} was canceled."


def test_when_stripe_is_away_the_shopper_reads_so_and_can_try_again(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    placed = place_order(browser.user.stripe_cart)
    sandbox.faults.add("POST /v1/checkout/sessions", kind="timeout_before", times=9)

    answer = do("pay", browser, placed, headers=FRAGMENT)

    assert "payment service" in answer.content.decode()
    assert "Pay now" in answer.content.decode()


# --- cancel -------------------------------------------------------------------------------------


def test_a_pending_order_is_canceled_and_its_stock_is_back(
    browser: Browser, pending: Order, mug: Product
) -> None:
    answer = do("cancel", browser, pending)

    assert answer.url == pending.get_absolute_url()
    assert browser.order.status == "canceled"
    assert messages_of(answer) == [f"Order {pending.number} was canceled."]
    assert Product.objects.get(pk=mug.pk).stock == 10
    assert browser.user.stripe_cart.items.get().quantity == 2


def test_the_script_gets_the_canceled_order_and_the_cart(browser: Browser, pending: Order) -> None:
    fragments = do("cancel", browser, pending, headers=FRAGMENT).content.decode()

    assert "This order was canceled, and you were not charged." in fragments
    assert "<h3" in fragments
    assert 'data-stripe-cart-fragment="cart"' in fragments


def test_a_paid_order_can_not_be_canceled(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.hold_deliveries = True
    sandbox.pay(pending.session_url)

    answer = do("cancel", browser, pending)

    assert browser.order.status == "paid"
    assert messages_of(answer) == [f"Thank you! Order {pending.number} is paid."]
    page = browser.client.get(pending.get_absolute_url()).content.decode()
    assert "Cancel order" not in page


# --- again --------------------------------------------------------------------------------------


@pytest.fixture
def mixed(browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product) -> Order:
    """A paid order of two mugs and a lamp."""
    browser.add(mug, 2)
    return buy(browser, sandbox, lamp)


def test_the_same_can_be_ordered_again(browser: Browser, mixed: Order) -> None:
    answer = do("again", browser, mixed)

    assert answer.url == "/shop/cart/"
    assert messages_of(answer) == ["2 products are in your cart again. Subtotal: ₹2,297.50"]
    lines = browser.user.stripe_cart.items.values_list("product__name", "quantity")
    assert sorted(lines) == [("Lamp", 1), ("Mug", 2)]


def test_what_is_still_in_the_cart_is_not_put_there_twice(
    browser: Browser, pending: Order, lamp: Product
) -> None:
    do("cancel", browser, pending)
    browser.add(lamp)

    for _twice in range(2):
        do("again", browser, pending)

    lines = browser.user.stripe_cart.items.values_list("product__name", "quantity")
    assert sorted(lines) == [("Lamp", 1), ("Mug", 2)]


def test_more_than_was_ordered_stays_in_the_cart(
    browser: Browser, mixed: Order, mug: Product
) -> None:
    browser.add(mug, 5)

    do("again", browser, mixed)

    assert browser.user.stripe_cart.items.get(product=mug).quantity == 5


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (lambda mug: mug.delete(), "“Mug” is no longer for sale."),
        (lambda mug: Product.objects.update(stock=0), "“Mug” is out of stock."),
        (lambda mug: Product.objects.filter(pk=mug.pk).update(stock=1), "Only 1 of “Mug” is left."),
        (
            lambda mug: Product.objects.filter(pk=mug.pk).update(is_active=False),
            "“Mug” is not for sale at the moment.",
        ),
    ],
)
def test_what_is_not_for_sale_any_more_is_said(
    browser: Browser, mixed: Order, mug: Product, gone: Any, said: str
) -> None:
    gone(mug)

    answer = do("again", browser, mixed)

    assert said in messages_of(answer)
    names = set(browser.user.stripe_cart.items.values_list("product__name", flat=True))
    assert "Mug" not in names


def test_todays_price_counts(browser: Browser, mixed: Order, mug: Product) -> None:
    Product.objects.filter(pk=mug.pk).update(price=1000)

    do("again", browser, mixed)

    assert "₹2,000.00" in browser.open_cart()


# --- in JSON ------------------------------------------------------------------------------------

JSON = {"Accept": "application/json"}


def test_a_front_end_of_the_hosts_own_can_do_the_same(
    browser: Browser, pending: Order, mug: Product
) -> None:
    paying = do("pay", browser, pending, headers=JSON)
    canceled = do("cancel", browser, pending, headers=JSON)
    ordered = do("again", browser, pending, headers=JSON)
    Product.objects.update(stock=0)
    refused = do("again", browser, pending, headers=JSON)

    assert paying.json()["location"] == pending.session_url
    assert canceled.status_code == 200
    assert canceled.json()["order"]["status"] == "canceled"
    assert ordered.json()["cart"]["quantity"] == 2
    assert refused.status_code == 409
    assert refused.json()["messages"][0]["code"] == "out_of_stock"


# --- the content of the page --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words", "offers"),
    [
        ("pending", "This order is not paid yet.", {"pay", "cancel"}),
        ("processing", "this can take a few days", set()),
        ("paid", "Your payment has been received.", {"again"}),
        ("fulfilled", "This order is complete.", {"again"}),
        ("refunded", "Your payment was refunded.", {"again"}),
        ("failed", "did not go through, and you were not charged. You can place", {"again"}),
        ("expired", "was not paid in time, and you were not charged", {"again"}),
        ("canceled", "This order was canceled, and you were not charged.", {"again"}),
    ],
)
def test_each_state_is_explained_with_the_possible_actions(
    browser: Browser, status: str, words: str, offers: set[str]
) -> None:
    order = OrderFactory(user=browser.user, total=100, status=status, synced_at=timezone.now())

    page = browser.client.get(order.get_absolute_url()).content.decode()

    assert words in page
    assert {name for name in ACTIONS if f'data-stripe-cart-form="{name}"' in page} == offers


def test_the_timeline_shows_each_refund(browser: Browser, mixed: Order) -> None:
    refund_order(mixed, amount=50000)

    page = browser.client.get(mixed.get_absolute_url()).content.decode()
    assert "₹500.00 refunded" in page
    assert "Payment received" in page
