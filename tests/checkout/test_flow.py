"""Checking out: what is placed, what is resumed, what is closed, and what is refused."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.template import RequestContext, Template
from django.test import RequestFactory

from django_stripe_cart.checkout import cancel_order, place_order
from django_stripe_cart.exceptions import EmptyCart
from django_stripe_cart.models import Cart, Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of
from django_stripe_cart.testing.factories import UserFactory, make_product

pytestmark = [pytest.mark.database, pytest.mark.stripe_sdk]


def calls(sandbox: Sandbox) -> list[str]:
    return [f"{call['method']} {call['path']}" for call in sandbox.requests]


# --- refused: nothing placed, taken or charged ------------------------------------------------


def assert_nothing_happened(sandbox: Sandbox, product: Product, stock: int | None) -> None:
    product.refresh_from_db()
    assert product.stock == stock
    assert not Order.objects.exists()
    assert not sandbox.requests


def test_an_empty_cart_can_not_check_out(browser: Browser, sandbox: Sandbox, mug: Product) -> None:
    answer = browser.check_out()

    assert answer.status_code == 303
    assert messages_of(answer) == ["Your cart is empty."]
    assert_nothing_happened(sandbox, mug, 10)


def test_an_emptied_cart_can_not_check_out(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    seen = browser.open_cart()
    browser.remove(mug)

    answer = browser.check_out(page=seen)

    assert messages_of(answer) == ["Your cart is empty."]
    assert_nothing_happened(sandbox, mug, 10)


def test_a_cart_that_is_gone_can_not_check_out(browser: Browser, mug: Product) -> None:
    browser.add(mug)
    cart = Cart.objects.get()
    Cart.objects.all().delete()

    with pytest.raises(EmptyCart):
        place_order(cart)


def test_a_product_that_went_off_sale_is_not_sold(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    seen = browser.open_cart()
    Product.objects.update(is_active=False)

    answer = browser.check_out(page=seen)

    assert messages_of(answer) == ["“Mug” is not for sale at the moment."]
    assert_nothing_happened(sandbox, mug, 10)


def test_more_than_the_stock_is_not_sold(browser: Browser, sandbox: Sandbox, mug: Product) -> None:
    browser.add(mug, 3)
    seen = browser.open_cart()
    Product.objects.update(stock=2)

    answer = browser.check_out(page=seen)

    assert messages_of(answer) == ["Only 2 of “Mug” are left."]
    assert_nothing_happened(sandbox, mug, 2)


def test_a_price_that_changed_since_it_was_shown_is_not_charged(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    seen = browser.open_cart()
    Product.objects.update(price="599.00")

    answer = browser.check_out(page=seen)

    assert messages_of(answer)[1:] == ["“Mug” now costs ₹599.00."]
    assert_nothing_happened(sandbox, mug, 10)

    browser.check_out()
    assert sandbox.sessions[0]["amount_total"] == 59900


def test_a_checkout_without_the_fingerprint_is_not_believed(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)

    browser.check_out(page="")

    assert_nothing_happened(sandbox, mug, 10)


def test_amounts_in_the_request_change_nothing(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.client.post(
        "/shop/cart/add/",
        {"product": mug.pk, "quantity": 1, "price": "1", "unit_amount": "1", "currency": "usd"},
    )
    fingerprint = browser.fingerprint(browser.open_cart())

    browser.client.post(
        "/shop/checkout/",
        {"fingerprint": fingerprint, "total": "1", "amount": "1", "currency": "usd"},
    )

    assert (browser.order.total, browser.order.currency) == (49900, "inr")
    assert sandbox.sessions[0]["amount_total"] == 49900


def test_a_total_below_stripes_minimum_is_an_error_and_restores_the_stock(
    browser: Browser, sandbox: Sandbox
) -> None:
    penny = make_product("Penny", price="0.10", stock=3)
    browser.add(penny)

    answer = browser.check_out()

    assert messages_of(answer) == ["The total is below the minimum payment."]
    penny.refresh_from_db()
    assert (penny.stock, browser.order.status) == (3, "expired")


# --- resumed ----------------------------------------------------------------------------------


def test_checking_out_again_unchanged_leads_to_the_same_session(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)

    first, second = browser.check_out(), browser.check_out()

    assert first.url == second.url
    assert (len(sandbox.sessions), Order.objects.count()) == (1, 1)
    mug.refresh_from_db()
    assert mug.stock == 9


def test_the_last_item_stays_available_to_the_order_that_reserved_it(
    browser: Browser, sandbox: Sandbox
) -> None:
    last = make_product("Last", stock=1)
    browser.add(last)

    first = browser.check_out()

    assert "out of stock" not in browser.open_cart()
    assert browser.check_out().url == first.url


def test_a_changed_cart_expires_the_old_session_before_a_new_one(
    browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product, signals_sent: list[str]
) -> None:
    browser.add(mug)
    browser.check_out()
    browser.add(lamp)

    browser.check_out()

    old, new = Order.objects.order_by("pk")
    assert (old.status, new.status) == ("canceled", "pending")
    assert [session["status"] for session in sandbox.sessions] == ["expired", "open"]
    wrote = [call for call in calls(sandbox) if call.startswith("POST")]
    assert wrote == [
        "POST /v1/checkout/sessions",
        f"POST /v1/checkout/sessions/{old.session_id}/expire",
        "POST /v1/checkout/sessions",
    ]
    assert list(Product.objects.order_by("pk").values_list("stock", flat=True)) == [9, 4]
    assert signals_sent == ["order_placed", "order_canceled", "order_placed"]


def test_with_a_changed_price_the_old_session_is_expired_too(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    browser.check_out()
    Product.objects.update(price="599.00")

    browser.check_out()

    assert [session["status"] for session in sandbox.sessions] == ["expired", "open"]
    assert sandbox.sessions[1]["amount_total"] == 59900


def test_a_checkout_of_an_order_already_paid_shows_it_and_places_none(
    browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product
) -> None:
    sandbox.hold_deliveries = True
    browser.add(mug)
    browser.check_out()
    sandbox.pay(browser.order.session_url)
    browser.add(lamp)

    answer = browser.check_out()

    order = Order.objects.get()
    assert order.status == "paid"
    assert answer.url == order.get_absolute_url()
    assert [line.product for line in browser.user.stripe_cart.items.all()] == [lamp]


def test_what_is_added_while_paying_is_still_in_the_cart_afterwards(
    browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product
) -> None:
    browser.add(mug, 2)
    browser.check_out()
    browser.add(mug, 1)
    browser.add(lamp, 1)

    sandbox.pay(browser.order.session_url)

    left = [(item.product.name, item.quantity) for item in browser.user.stripe_cart.items.all()]
    assert left == [("Mug", 1), ("Lamp", 1)]


def test_a_free_order_is_paid_at_once_and_stripe_is_not_asked(
    browser: Browser, sandbox: Sandbox, signals_sent: list[str]
) -> None:
    browser.add(make_product("Gift", price="0"))

    answer = browser.check_out()

    assert browser.order.status == "paid"
    assert answer.url == browser.order.get_absolute_url()
    assert not sandbox.requests
    assert signals_sent == ["order_placed", "order_paid"]
    assert browser.user.stripe_cart.items.count() == 0


# --- left and canceled ------------------------------------------------------------------------


def test_the_cancel_link_keeps_the_cart_and_the_pending_order(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug, 2)
    browser.check_out()

    page = browser.follow(sandbox.sessions[0]["cancel_url"])

    assert page.status_code == 200
    assert browser.user.stripe_cart.items.get().quantity == 2
    assert browser.order.status == "pending"


def test_canceling_expires_the_session_and_gives_the_stock_back_once(
    browser: Browser, sandbox: Sandbox, mug: Product, signals_sent: list[str]
) -> None:
    browser.add(mug, 2)
    browser.check_out()

    assert cancel_order(browser.order).status == "canceled"
    assert cancel_order(browser.order).status == "canceled"

    mug.refresh_from_db()
    assert mug.stock == 10
    assert sandbox.sessions[0]["status"] == "expired"
    assert signals_sent == ["order_placed", "order_canceled"]


def test_canceling_what_was_paid_in_the_same_moment_finds_it_paid(
    browser: Browser, sandbox: Sandbox, mug: Product, signals_sent: list[str]
) -> None:
    sandbox.hold_deliveries = True
    browser.add(mug)
    browser.check_out()
    sandbox.pay(browser.order.session_url)

    assert cancel_order(browser.order).status == "paid"

    assert signals_sent == ["order_placed", "order_paid"]


def test_a_free_order_that_is_to_be_canceled_is_not_paid(
    browser: Browser, sandbox: Sandbox
) -> None:
    browser.add(make_product("Gift", price="0"))
    order = place_order(browser.user.stripe_cart)

    assert cancel_order(order).status == "canceled"


def test_what_the_shoppers_own_order_holds_can_be_put_into_the_cart_again(
    browser: Browser, sandbox: Sandbox
) -> None:
    last = make_product("Last", stock=1)
    browser.add(last)
    browser.check_out()
    browser.remove(last)

    browser.add(last)

    assert browser.user.stripe_cart.items.get().quantity == 1


# --- where Stripe sends the shopper back to ----------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/", "/#cart"),
        ("/deep/?page=2#cart", "/deep/?page=2#cart"),
        (".evil.example/x", "/.evil.example/x#cart"),
        ("@evil.example/x", "/@evil.example/x#cart"),
        ("http://testserver/x", "http://testserver/x#cart"),
        ("/a b/größe", "/a%20b/gr%C3%B6%C3%9Fe#cart"),
        ("/a\x00b", "/a%00b#cart"),
        ("/" + "a" * 3000, "/shop/cart/"),
        ("https://evil.example/", "/shop/cart/"),
    ],
)
def test_stripes_way_back_stays_on_this_site(
    browser: Browser, sandbox: Sandbox, mug: Product, wanted: str, place: str
) -> None:
    browser.add(mug)
    seen = browser.fingerprint(browser.open_cart())

    browser.client.post("/shop/checkout/", {"fingerprint": seen, "next": wanted})
    site, _, back = sandbox.sessions[0]["cancel_url"].partition("/shop/")

    assert site == "http://testserver"
    assert browser.client.get(f"/shop/{back}").url == place


def test_a_site_behind_a_proxy_says_where_it_is(
    browser: Browser, sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    settings.STRIPE_CART_BASE_URL = "https://shop.example/"
    browser.add(mug)

    browser.check_out()

    session = sandbox.sessions[0]
    assert session["cancel_url"].startswith("https://shop.example/shop/checkout/canceled/")
    assert session["success_url"].startswith("https://shop.example/shop/checkout/return/")


# --- a host's own options ----------------------------------------------------------------------


def options(order: Order) -> dict[str, Any]:
    return {
        "allow_promotion_codes": True,
        "metadata": {"campaign": "autumn", "stripe_cart_order": "stolen"},
        "line_items": [],
        "mode": "setup",
    }


def test_a_host_adds_options_and_can_not_change_what_is_sold(
    browser: Browser, sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    settings.STRIPE_CART_SESSION_OPTIONS = "tests.checkout.test_flow.options"
    browser.add(mug)

    browser.check_out()

    session = sandbox.sessions[0]
    assert (session["allow_promotion_codes"], session["mode"]) == (True, "payment")
    assert session["amount_total"] == 49900
    assert session["metadata"]["campaign"] == "autumn"
    assert session["metadata"]["stripe_cart_order"] == str(browser.order.reference)


def test_a_checkout_interrupted_half_an_hour_ago_starts_again(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    sandbox.faults.add("POST /v1/checkout/sessions", kind="timeout_before", times=3)
    browser.add(mug)
    browser.check_out()
    half_an_hour = timedelta(minutes=35)
    stale = browser.order
    stale.session_params["expires_at"] -= int(half_an_hour.total_seconds())
    stale.session_expires_at -= half_an_hour
    stale.save()

    answer = browser.check_out()

    old, new = Order.objects.order_by("pk")
    assert (old.status, new.status) == ("canceled", "pending")
    assert answer.url == new.session_url
    mug.refresh_from_db()
    assert mug.stock == 9


def test_an_address_that_stripe_has_moved_is_handed_out_as_it_is_now(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug)
    first = browser.check_out().url
    sandbox.base_url = "http://127.0.0.1:9001"

    again = browser.check_out().url

    assert again != first
    assert again.startswith("http://127.0.0.1:9001/")


def test_a_restarted_sandbox_is_asked_for_a_new_session(
    browser: Browser, sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    settings.STRIPE_CART_API_BASE = "http://127.0.0.1:9001"
    browser.add(mug)
    browser.check_out()
    sandbox.reset()

    answer = browser.check_out()

    old, new = Order.objects.order_by("pk")
    assert (old.status, new.status) == ("expired", "pending")
    assert answer.url == new.session_url
    mug.refresh_from_db()
    assert mug.stock == 9


def test_what_the_shoppers_own_order_holds_is_not_out_of_stock_to_them(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    browser.add(mug, 10)
    browser.check_out()
    grid = Template("{% load stripe_cart %}{% product_grid %}")

    def look(user: Any) -> str:
        request = RequestFactory().get("/")
        request.user = user
        return grid.render(RequestContext(request))

    assert "Out of stock" not in look(browser.user)
    assert 'max="10"' in look(browser.user)
    assert "Out of stock" in look(UserFactory())


# --- two windows ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_browsers_at_once_place_one_order_and_land_on_one_session(sandbox: Sandbox) -> None:
    user = UserFactory()
    mug = make_product("Mug", price="499.00")
    Browser(user).add(mug)
    start = threading.Barrier(4)
    urls: list[str] = []

    def press() -> None:
        browser = Browser(user)
        seen = browser.open_cart()
        start.wait(timeout=30)
        urls.append(browser.check_out(page=seen).url)
        connections.close_all()

    windows = [threading.Thread(target=press) for _ in range(4)]
    for window in windows:
        window.start()
    for window in windows:
        window.join(timeout=60)

    order = Order.objects.get()
    assert urls == [order.session_url] * 4
    assert [session["id"] for session in sandbox.sessions] == [order.session_id]
    mug.refresh_from_db()
    assert mug.stock == 9
