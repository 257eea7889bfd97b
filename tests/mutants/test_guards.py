"""Small guards. The comment above each test says what was removed when it fails."""

from __future__ import annotations

from typing import Any

import pytest

from django_stripe_cart.checkout import ReturnUrls, cancel_order, place_order, start_payment
from django_stripe_cart.exceptions import OrderClosed
from django_stripe_cart.models import CartItem, Order, Product
from django_stripe_cart.payments.checkout_sessions import save_session_params
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_canceled, order_placed
from django_stripe_cart.testing.browser import Browser, messages_of
from django_stripe_cart.testing.factories import make_product
from tests.support.orders import issues
from tests.support.other_process import acting_after_read

pytestmark = pytest.mark.database

URLS = ReturnUrls(success=lambda order: "http://testserver/back/", cancel="http://testserver/")


# lock_contents and _reuse_or_close_open_order without raise_if_not_orderable(fingerprint)
def test_resuming_an_open_order_checks_the_fingerprint_of_this_page(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    stale = browser.open_cart()
    browser.add(mug)
    first = browser.check_out()

    answer = browser.check_out(page=stale)

    assert messages_of(answer)[-1] == "The quantity of “Mug” in your cart is now 2."
    assert answer.url != first.url


# _reuse_or_close_open_order without raise_if_not_orderable(fingerprint)
def test_a_cart_restored_by_a_concurrent_request_fails_the_fingerprint(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug, 2)
    first = browser.check_out()
    browser.add(mug)
    three = browser.open_cart()

    with acting_after_read(CartItem, lambda: CartItem.objects.update(quantity=2)):
        answer = browser.check_out(page=three)

    assert messages_of(answer)[-1] == "The quantity of “Mug” in your cart is now 2."
    assert answer.url != first.url


# _place_unless_open without its fingerprint
def test_a_price_changed_while_the_old_session_closes_is_not_charged(
    browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product
) -> None:
    browser.add(mug)
    browser.check_out()
    browser.add(lamp)

    def raise_the_price(**kwargs: Any) -> None:
        Product.objects.filter(pk=lamp.pk).update(price="9999")

    order_canceled.connect(raise_the_price)
    try:
        answer = browser.check_out()
    finally:
        order_canceled.disconnect(raise_the_price)

    assert messages_of(answer)[-1] == "“Lamp” now costs ₹9,999.00."
    assert Order.objects.count() == 1


# _commit_params without session_params=None
def test_the_parameters_of_a_session_are_decided_once(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    order = place_order(browser.user.stripe_cart)
    stale = Order.objects.get()

    first = save_session_params(
        order, success_url="http://testserver/a/", cancel_url="http://testserver/a/"
    )
    second = save_session_params(
        stale, success_url="http://testserver/b/", cancel_url="http://testserver/b/"
    )

    assert second.session_params == first.session_params


# _commit_params without its OrderClosed
def test_an_order_canceled_by_a_concurrent_request_is_not_sent_to_stripe(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    stale = place_order(browser.user.stripe_cart)
    cancel_order(stale)

    with pytest.raises(OrderClosed):
        start_payment(stale, return_urls=URLS)

    assert not sandbox.requests


# create_order without order_placed.has_listeners
def test_a_receiver_may_change_what_is_asked_for(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    def engrave(order: Order, **kwargs: Any) -> None:
        order.items.update(name="Mug, engraved")

    browser.add(mug)
    order_placed.connect(engrave)
    try:
        browser.check_out()
    finally:
        order_placed.disconnect(engrave)

    assert _asked_for(browser.order) == ["Mug, engraved"]


# place_order that keeps order.cached_items
def test_a_host_may_change_what_is_asked_for(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    order = place_order(browser.user.stripe_cart)
    order.items.update(name="Mug, engraved")

    start_payment(order, return_urls=URLS)

    assert _asked_for(browser.order) == ["Mug, engraved"]


def _asked_for(order: Order) -> list[str]:
    lines = (order.session_params or {})["line_items"]
    return [line["price_data"]["product_data"]["name"] for line in lines]


# shop_view without never_cache
@pytest.mark.parametrize("url", ["/shop/cart/", "/shop/orders/"])
def test_what_a_shopper_sees_is_kept_by_no_cache(
    browser: Browser, sandbox: Sandbox, url: str
) -> None:
    assert "no-store" in browser.client.get(url).headers["Cache-Control"]
    assert "private" in browser.client.get(url).headers["Cache-Control"]


# _take_stock_and_find_holds without livemode; _amounts_match without currency
@pytest.mark.parametrize(
    ("change", "reason"),
    [({"livemode": True}, "unknown_money"), ({"currency": "usd"}, "amount_mismatch")],
)
def test_money_of_another_mode_or_currency_is_never_called_paid(
    browser: Browser, sandbox: Sandbox, mug: Product, change: dict[str, Any], reason: str
) -> None:
    from dataclasses import replace

    from django_stripe_cart import gateway
    from django_stripe_cart.payments import sync_order

    sandbox.hold_deliveries = True
    browser.add(mug)
    browser.check_out()
    sandbox.pay(browser.order.session_url)
    session = replace(gateway.retrieve_session(str(browser.order.session_id)), **change)

    order = sync_order(browser.order, session=session)

    assert (order.status, order.held_for, issues(order)) == ("processing", reason, [reason])


# _trusted_session without session.id == order.session_id: an expired session of another order
def test_the_end_of_another_session_does_not_close_the_order(
    browser: Browser, sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    import json

    sandbox.hold_deliveries = True
    browser.add(mug)
    browser.check_out()
    order = browser.order
    session = {**sandbox.sessions[0], "id": "cs_test_other", "status": "expired"}
    event = {
        "id": "evt_9",
        "type": "checkout.session.expired",
        "livemode": False,
        "data": {"object": session},
    }
    body = json.dumps(event).encode()
    signature = sandbox.sign(body, settings.STRIPE_CART_WEBHOOK_SECRET)
    before = len(sandbox.requests)

    answer = browser.client.post(
        "/stripe/webhook/",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature},
    )

    assert answer.status_code == 200
    assert browser.order.status == "pending"
    assert len(sandbox.requests) > before  # it looked, instead of believing
    assert order.session_id == browser.order.session_id


# cart_fields with a localized key
def test_in_german_no_forms_product_is_localized(user: Any, settings: Any, rf: Any) -> None:
    import re

    from django.template import RequestContext, Template
    from django.utils import translation

    settings.USE_THOUSAND_SEPARATOR = True
    product = make_product("Vase", id=4321)
    request = rf.get("/")
    request.user = user
    with translation.override("de"):
        html = Template("{% load stripe_cart %}{% add_to_cart product %}").render(
            RequestContext(request, {"product": product})
        )

    assert re.findall(r'name="product" value="([^"]*)"', html) == ["4321"]


# _reuse_or_close_open_order without _refresh_from_stripe: a paid order whose webhook was lost
def test_a_missed_payment_is_found_before_the_payment_url_is_reused(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    sandbox.hold_deliveries = True
    browser.add(mug)
    browser.check_out()
    sandbox.pay(browser.order.session_url)

    answer = browser.check_out()

    assert browser.order.status == "paid"
    assert answer.url == browser.order.get_absolute_url()


# CartContents.fingerprint without the currency
def test_a_price_in_another_currency_than_was_shown_is_not_charged(
    browser: Browser, sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    browser.add(mug)
    seen = browser.open_cart()
    settings.STRIPE_CART_CURRENCY = "usd"

    browser.check_out(page=seen)

    assert not Order.objects.exists()


# is_unchanged without the currency
def test_an_open_order_in_another_currency_is_not_taken_up_again(
    browser: Browser, sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    browser.add(mug)
    browser.check_out()
    settings.STRIPE_CART_CURRENCY = "usd"

    browser.check_out()

    assert [*Order.objects.order_by("pk").values_list("status", "currency")] == [
        ("canceled", "inr"),
        ("pending", "usd"),
    ]


# order_lines.html or order_row.html with |safe
@pytest.mark.parametrize("page", ["order", "orders"])
def test_a_hostile_name_stays_text_in_orders_too(
    browser: Browser, sandbox: Sandbox, page: str
) -> None:
    browser.add(make_product("<script>alert(1)</script>", slug="x"))
    browser.check_out()
    url = browser.order.get_absolute_url() if page == "order" else "/shop/orders/"

    html = browser.client.get(url).content.decode()

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


# _retake_stock without its savepoint: the stock of the first product is taken for nothing
def test_late_money_without_stock_takes_none_of_what_there_is(
    browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product
) -> None:
    browser.add(mug)
    browser.add(lamp)
    browser.check_out()
    order = browser.order
    order.mark_expired(at=order.placed_at)
    order.save()
    order.items.update(stock_taken=0)
    Product.objects.filter(pk=mug.pk).update(stock=10)
    Product.objects.filter(pk=lamp.pk).update(stock=0)

    sandbox.pay(order.session_url)

    assert (browser.order.held_for, issues(order)) == (
        "paid_without_stock",
        ["paid_without_stock"],
    )
    assert [*Product.objects.order_by("pk").values_list("stock", flat=True)] == [10, 0]
    assert [*order.items.values_list("stock_taken", flat=True)] == [0, 0]


# Shopper.may_shop without conf.allow_guests
def test_a_guest_cart_is_hidden_once_guests_are_disallowed(
    sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    settings.STRIPE_CART_ALLOW_GUESTS = True
    guest = Browser()
    guest.add(mug)
    assert "1 item in your cart" in guest.client.get("/").content.decode()

    settings.STRIPE_CART_ALLOW_GUESTS = False

    assert "Your cart is empty." in guest.client.get("/").content.decode()
