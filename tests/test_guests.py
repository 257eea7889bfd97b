"""Guests: a cart without an account, an order behind its address, and what comes along later."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.contrib.auth import login
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.utils import timezone

from django_stripe_cart.cart import changes as carts
from django_stripe_cart.checkout import place_order
from django_stripe_cart.deadlines import (
    DEADLINE,
    SHORT_DEADLINE,
    SHORT_TIMEOUT,
    attempt_timeout,
    seconds_left,
    short_deadline,
)
from django_stripe_cart.exceptions import EmptyCart
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.guests import MergeResult, merge_guest, merge_without_stripe
from django_stripe_cart.models import Cart, CartItem, Order, Product
from django_stripe_cart.models.cart import CartKey
from django_stripe_cart.payments import sync_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.signals import order_canceled
from django_stripe_cart.testing.browser import Browser, messages_of
from django_stripe_cart.testing.factories import OrderFactory, make_product
from django_stripe_cart.web.shopper import SESSION_KEY, Shopper
from tests.support.orders import buy, check_out

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("guests_allowed")]

EXPIRE = "POST /v1/checkout/sessions/*/expire"
JSON = {"Accept": "application/json"}
GETS = ["/", "/shop/cart/", "/shop/orders/"]


def token_of(guest: Browser) -> str:
    return str(guest.client.session.get(SESSION_KEY, ""))


def items_of(user: User) -> dict[str, int]:
    """What is in the user's cart."""
    items = CartItem.objects.filter(cart__user=user)
    return dict(items.values_list("product__name", "quantity"))


def sign_in(guest: Browser) -> HttpResponse:
    """By the form, as people do it."""
    form = {"username": "demo", "password": "demo", "next": "/"}
    answer = guest.client.post("/accounts/login/?next=/", form)
    assert answer.status_code == 302
    return answer  # type: ignore[return-value]


# --- before the first thing in the cart ---------------------------------------------------------


@pytest.mark.parametrize("url", GETS)
def test_looking_around_makes_no_session_and_no_row(guest: Browser, mug: Product, url: str) -> None:
    answer = guest.client.get(url)

    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies
    assert not Session.objects.exists()
    assert not Cart.objects.exists()


@pytest.mark.parametrize(
    ("button", "form"),
    [
        ("cart/add/", {"quantity": 11}),  # more than there are
        ("cart/add/", {"product": 0}),
        ("cart/item/", {"quantity": 0}),
        ("cart/item/", {"quantity": "x"}),
        ("cart/remove/", {}),
    ],
)
def test_a_cart_begins_with_the_first_thing_in_it(
    guest: Browser, mug: Product, button: str, form: dict[str, Any]
) -> None:
    guest.client.post(f"/shop/{button}", {"product": mug.pk, **form})

    assert not token_of(guest)
    assert not Cart.objects.exists()


def test_a_checkout_of_nothing_makes_no_cart(guest: Browser) -> None:
    assert messages_of(guest.check_out()) == ["Your cart is empty."]

    assert not token_of(guest)
    assert not Cart.objects.exists()


def test_a_guest_has_one_cart_for_as_long_as_the_session_lasts(
    guest: Browser, mug: Product, lamp: Product
) -> None:
    guest.add(mug)
    token = token_of(guest)
    guest.add(lamp, 2)

    cart = Cart.objects.get()
    assert token == token_of(guest) == cart.token
    assert len(token) >= 32
    assert cart.user is None
    assert {item.product: item.quantity for item in cart.items.all()} == {mug: 1, lamp: 2}
    assert "Lamp" in guest.open_cart()


def test_without_the_setting_a_guest_has_nothing(
    guest: Browser, sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    order = buy(guest, sandbox, mug)
    settings.STRIPE_CART_ALLOW_GUESTS = False

    for url in ["/shop/cart/", "/shop/orders/", order.get_absolute_url()]:
        assert guest.client.get(url).url.startswith("/accounts/login/")
    assert "/shop/orders/" not in guest.client.get("/").content.decode()


# --- the address of an order --------------------------------------------------------------------


def test_a_guests_order_url_works_on_another_device(
    guest: Browser, sandbox: Sandbox, mug: Product
) -> None:
    payment = sandbox.pay(check_out(guest, mug).session_url)

    here = guest.follow(payment.redirect_url).content.decode()
    there = Browser().client.get(guest.order.get_absolute_url()).content.decode()

    assert guest.order.status == "paid"
    for page in (here, there):
        assert guest.order.number in page
        assert "Mug" in page


def test_the_return_page_needs_no_cookie(guest: Browser, sandbox: Sandbox, mug: Product) -> None:
    payment = sandbox.pay(check_out(guest, mug).session_url)

    answer = Browser().follow(payment.redirect_url)

    assert guest.order.number in answer.content.decode()


def test_a_visitor_with_only_the_order_url_sees_no_personal_data(
    guest: Browser, sandbox: Sandbox, mug: Product, user: User
) -> None:
    url = check_out(guest, mug).session_url
    sandbox.pay(url, email="greta@example.net", name="Greta Guest")
    order = sync_order(guest.order)
    receipt = f"{order.get_absolute_url()}receipt/"

    here = guest.client.get(order.get_absolute_url()).content.decode()
    strangers = [Browser(), Browser(user)]

    assert order.email == "greta@example.net"
    assert receipt in here
    assert guest.client.get(receipt).url == order.receipt_url
    for stranger in strangers:
        page = stranger.client.get(order.get_absolute_url()).content.decode()
        assert order.number in page
        for secret in ("greta", "Greta", receipt, order.receipt_url, token_of(guest)):
            assert secret not in page
        assert stranger.client.get(receipt).headers["Location"] == order.get_absolute_url()
        shown = stranger.client.get(order.get_absolute_url(), headers=JSON).json()["order"]
        assert shown["receipt_url"] is None


def test_the_payment_page_of_a_guest_is_for_the_guest_alone(guest: Browser, mug: Product) -> None:
    order = check_out(guest, mug)
    url = order.get_absolute_url()

    own, strangers = (
        browser.client.get(url, headers=JSON).json()["order"]["payment_url"]
        for browser in (guest, Browser())
    )

    assert (own, strangers) == (order.session_url, None)


@pytest.mark.parametrize("action", ["pay", "cancel", "again"])
def test_a_strangers_request_leaves_no_url_of_an_order_in_the_log(
    guest: Browser, mug: Product, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    order = check_out(guest, mug)

    answer = Browser().client.post(f"{order.get_absolute_url()}{action}/")

    assert (answer.status_code, answer.headers["Location"]) == (303, order.get_absolute_url())
    assert str(order.reference) not in "".join(
        record.getMessage() for record in caplog.records if record.levelname != "INFO"
    )
    assert Order.objects.get().status == "pending"


@pytest.mark.parametrize("url", ["/shop/cart/", "/shop/orders/", "order", "return"])
def test_the_order_url_is_not_leaked_or_indexed(
    guest: Browser, sandbox: Sandbox, mug: Product, url: str
) -> None:
    order = check_out(guest, mug)
    urls = {
        "order": order.get_absolute_url(),
        "return": f"/shop/checkout/return/{order.reference}/",
    }

    answer = guest.client.get(urls.get(url, url))

    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["orders", "checkout/return"])
def test_a_users_order_is_never_shown_to_a_guest(
    guest: Browser, browser: Browser, mug: Product, name: str
) -> None:
    order = check_out(browser, mug)

    assert_sign_in_is_asked_for(guest, f"/shop/{name}/{order.reference}/")


def test_an_order_that_does_not_exist_is_answered_in_the_same_way(guest: Browser) -> None:
    assert_sign_in_is_asked_for(guest, f"/shop/orders/{uuid4()}/")


def test_another_user_gets_the_page_of_neither(browser: Browser, guests_allowed: None) -> None:
    assert browser.client.get(f"/shop/orders/{uuid4()}/").status_code == 404


def assert_sign_in_is_asked_for(browser: Browser, url: str) -> None:
    answer = browser.client.get(url)
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/accounts/login/?next={url}",
    )


def test_nor_is_it_when_the_user_is_gone(
    guest: Browser, browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    order = buy(browser, sandbox, mug)
    browser.user.delete()
    assert Order.objects.get().user is None

    assert_sign_in_is_asked_for(guest, order.get_absolute_url())


def test_a_merged_order_stays_private_after_its_user_is_deleted(
    guest: Browser, sandbox: Sandbox, mug: Product, user: User
) -> None:
    order = buy(guest, sandbox, mug)
    guest.client.force_login(user)
    assert_sign_in_is_asked_for(Browser(), order.get_absolute_url())

    user.delete()

    assert_sign_in_is_asked_for(Browser(), order.get_absolute_url())


def test_the_database_knows_no_order_of_a_user_and_a_guest(user: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderFactory(user=user, by_guest=True)


def test_my_orders_are_those_of_this_browser(
    guest: Browser, sandbox: Sandbox, mug: Product
) -> None:
    first, second = buy(guest, sandbox, mug), check_out(guest, mug)
    other = Browser()
    buy(other, sandbox, mug)

    page = guest.client.get("/shop/orders/").content.decode()

    assert first.number in page
    assert second.number in page
    assert other.order.number not in page
    assert "Orders placed in this browser are listed here." in page
    assert "/accounts/login/?next=/shop/orders/" in page


def test_a_guest_without_orders_reads_why(guest: Browser, user: User) -> None:
    page = guest.client.get("/shop/orders/").content.decode()

    assert "You have not ordered anything yet." in page
    assert "Orders placed in this browser" in page
    assert "in this browser" not in Browser(user).client.get("/shop/orders/").content.decode()


def test_a_guest_has_a_button_and_a_modal_for_orders(guest: Browser, mug: Product) -> None:
    page = guest.client.get("/").content.decode()

    assert 'data-stripe-cart-modal="orders"' in page
    assert 'href="/shop/orders/"' in page


# --- signing in ---------------------------------------------------------------------------------


def test_quantities_are_summed(guest: Browser, mug: Product, lamp: Product, user: User) -> None:
    carts.add_item(carts.get_user_cart(user), mug, 2)
    guest.add(mug, 3)
    guest.add(lamp)

    guest.client.force_login(user)

    assert items_of(user) == {"Mug": 5, "Lamp": 1}
    assert Cart.objects.get().user == user


def test_the_sum_is_capped_by_the_stock(guest: Browser, lamp: Product, user: User) -> None:
    carts.add_item(carts.get_user_cart(user), lamp, 3)
    guest.add(lamp, 4)

    brought = merge_guest(token_of(guest), user)

    assert items_of(user) == {"Lamp": 5}
    assert brought.quantity == 2
    assert [str(error) for error in brought.shortfalls] == ["Only 5 of “Lamp” are left."]


def test_what_the_users_own_open_order_holds_is_still_theirs(
    guest: Browser, browser: Browser, lamp: Product
) -> None:
    check_out(browser, lamp, 4)
    guest.add(lamp)

    merge_guest(token_of(guest), browser.user)

    assert items_of(browser.user) == {"Lamp": 5}


def test_a_merge_leaves_sold_out_items_and_reports_them(
    guest: Browser, lamp: Product, mug: Product, user: User
) -> None:
    guest.add(lamp)
    guest.add(mug)
    Product.objects.filter(pk=lamp.pk).update(stock=0)

    brought = merge_guest(token_of(guest), user)

    assert items_of(user) == {"Mug": 1}
    assert [str(error) for error in brought.shortfalls] == ["“Lamp” is out of stock."]


def test_nothing_of_the_users_own_is_taken_away(guest: Browser, lamp: Product, user: User) -> None:
    carts.add_item(carts.get_user_cart(user), lamp, 5)
    guest.add(lamp)
    Product.objects.update(stock=2)

    brought = merge_guest(token_of(guest), user)

    assert items_of(user) == {"Lamp": 5}
    assert brought.quantity == 0
    assert brought.shortfalls


def test_a_product_without_stock_is_bounded_all_the_same(guest: Browser, user: User) -> None:
    endless = make_product("Endless", stock=None)
    carts.add_item(carts.get_user_cart(user), endless, 990)
    guest.add(endless, 20)

    brought = merge_guest(token_of(guest), user)

    assert items_of(user) == {"Endless": 999}
    assert [str(error) for error in brought.shortfalls] == [
        "You can have at most 999 of “Endless” in your cart."
    ]


def test_a_full_cart_stays_as_it_is(guest: Browser, mug: Product, user: User) -> None:
    cart = carts.get_user_cart(user)
    for number in range(100):
        carts.add_item(cart, make_product(f"Product {number}"))
    guest.add(mug)
    guest.add(Product.objects.get(name="Product 7"))

    brought = merge_guest(token_of(guest), user)

    assert cart.items.count() == 100
    assert items_of(user)["Product 7"] == 2
    assert [str(error) for error in brought.shortfalls] == [
        "A cart can hold up to 100 different products."
    ]


def test_what_is_not_for_sale_comes_along_and_says_so_in_the_cart(
    guest: Browser, mug: Product, user: User
) -> None:
    guest.add(mug)
    Product.objects.update(is_active=False)

    guest.client.force_login(user)

    assert items_of(user) == {"Mug": 1}
    assert "“Mug” is not for sale" in guest.open_cart()


def test_bringing_along_twice_brings_once(guest: Browser, mug: Product, user: User) -> None:
    guest.add(mug, 2)
    token = token_of(guest)

    merge_guest(token, user)

    assert merge_guest(token, user) == MergeResult()
    assert items_of(user) == {"Mug": 2}


def test_a_sign_in_without_a_guest_cart_creates_no_cart(guest: Browser, user: User) -> None:
    guest.client.force_login(user)

    assert not Cart.objects.exists()


def test_the_orders_of_this_browser_come_along(
    guest: Browser, sandbox: Sandbox, mug: Product, user: User
) -> None:
    order = buy(guest, sandbox, mug)
    other = Browser()
    strange = buy(other, sandbox, mug)

    guest.client.force_login(user)

    page = guest.client.get("/shop/orders/").content.decode()
    assert order.number in page
    assert strange.number not in page
    assert list(Order.objects.owned_by(user)) == [order]
    assert order.events.filter(kind="adopted").count() == 1
    assert Order.objects.placed_by_guests().get() == strange


def test_the_session_key_is_new_and_its_data_is_kept(
    guest: Browser, mug: Product, user: User
) -> None:
    guest.add(mug)
    session = guest.client.session
    session["color"] = "green"
    session.save()
    before = session.session_key

    guest.client.force_login(user)

    after = guest.client.session
    assert after.session_key != before
    assert after["color"] == "green"
    assert not Session.objects.filter(session_key=before).exists()


def test_signing_in_replaces_the_shopper_of_the_request(
    guest: Browser, mug: Product, user: User, rf: Any
) -> None:
    request = rf.get("/")
    request.session = guest.client.session
    request.user = AnonymousUser()
    before = Shopper.of(request)

    request.user = user

    assert Shopper.of(request) is not before
    assert Shopper.of(request) is Shopper.of(request)


# --- signing in with an open order --------------------------------------------------------------


def test_the_guests_open_order_is_closed_first(
    guest: Browser, sandbox: Sandbox, mug: Product, user: User
) -> None:
    order = check_out(guest, mug, 2)

    guest.client.force_login(user)

    order = Order.objects.get(pk=order.pk)
    assert order.status == "canceled"
    assert order.user == user
    assert sandbox.sessions[0]["status"] == "expired"
    assert items_of(user) == {"Mug": 2}
    assert Product.objects.get().stock == 10


def test_the_stock_of_the_closed_order_counts_for_the_sum(
    guest: Browser, sandbox: Sandbox, lamp: Product, user: User
) -> None:
    check_out(guest, lamp, 5)

    guest.client.force_login(user)

    assert items_of(user) == {"Lamp": 5}


def test_an_order_that_turns_out_paid_is_theirs_and_paid(
    guest: Browser, sandbox: Sandbox, mug: Product, lamp: Product, user: User
) -> None:
    sandbox.hold_deliveries = True
    sandbox.pay(check_out(guest, mug).session_url)
    guest.add(lamp)

    brought = merge_guest(token_of(guest), user)

    order = Order.objects.get()
    assert (order.status, order.user) == ("paid", user)
    assert brought.settled_order == order
    assert items_of(user) == {"Lamp": 1}
    assert Product.objects.get(pk=mug.pk).stock == 9


def test_without_stripe_nothing_is_lost_and_the_rest_comes_later(
    guest: Browser, sandbox: Sandbox, mug: Product, lamp: Product, user: User
) -> None:
    order = check_out(guest, mug, 2)
    sandbox.faults.add("* /v1/*", kind="unavailable", times=None)

    guest.client.force_login(user)

    order.refresh_from_db()
    assert (order.status, order.user) == ("pending", None)
    assert order.cancel_requested_at is not None
    assert items_of(user) == {}
    assert order.number in guest.client.get("/shop/orders/").content.decode()
    assert guest.client.get(order.get_absolute_url()).status_code == 200

    guest.add(lamp)
    assert items_of(user) == {"Lamp": 1}

    sandbox.faults.clear()
    Order.objects.update(cancel_requested_at=timezone.now() - timedelta(minutes=3), synced_at=None)
    call_command("stripe_cart_sync", verbosity=0)
    answer = guest.add(lamp)

    assert items_of(user) == {"Mug": 2, "Lamp": 2}
    assert "2 items that you added before signing in are now in your cart." in messages_of(answer)
    assert Order.objects.get().user == user


def test_money_that_arrives_while_the_cart_waits_is_theirs(
    guest: Browser, sandbox: Sandbox, mug: Product, lamp: Product, user: User
) -> None:
    order = check_out(guest, mug)
    guest.add(lamp)
    sandbox.faults.add("* /v1/*", kind="unavailable", times=None)
    guest.client.force_login(user)
    sandbox.faults.clear()

    sandbox.pay(order.session_url)  # and its webhook arrives
    guest.add(mug)

    order.refresh_from_db()
    assert (order.status, order.user) == ("paid", user)
    assert items_of(user) == {"Lamp": 1, "Mug": 1}


def test_what_another_tab_still_put_into_the_guests_cart_comes_too(
    guest: Browser, mug: Product, lamp: Product, user: User
) -> None:
    guest.add(mug)
    guest.client.force_login(user)
    carts.add_item(carts.get_guest_cart(token_of(guest)), lamp, 2)

    guest.add(mug)

    assert items_of(user) == {"Mug": 2, "Lamp": 2}


def test_a_cart_that_is_locked_when_the_rest_should_come_along_is_no_error_page(
    guest: Browser, mug: Product, lamp: Product, user: User
) -> None:
    guest.add(mug)
    guest.client.force_login(user)
    carts.add_item(carts.get_guest_cart(token_of(guest)), lamp)

    with locked_carts():
        answer = guest.add(mug)

    busy = "The shop is very busy at the moment. Please try again."
    assert (answer.status_code, messages_of(answer)[-1]) == (303, busy)
    guest.add(mug)
    assert items_of(user) == {"Mug": 2, "Lamp": 1}


@contextmanager
def locked_carts() -> Iterator[None]:
    """Let each change of a cart wait 9 seconds for its lock, in vain."""
    passed = 0.0
    monotonic = time.monotonic

    def wait_in_vain(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal passed
        if sql.replace("`", '"').startswith('UPDATE "stripe_cart_cart"'):
            passed += 9
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    with (
        patch("time.monotonic", lambda: monotonic() + passed),
        connection.execute_wrapper(wait_in_vain),
    ):
        yield


def test_what_comes_along_is_no_refusal_in_json(
    guest: Browser, mug: Product, lamp: Product, user: User
) -> None:
    guest.add(mug)
    guest.client.force_login(user)
    carts.add_item(carts.get_guest_cart(token_of(guest)), lamp, 5)
    Product.objects.filter(pk=lamp.pk).update(stock=2)

    answer = guest.client.post("/shop/cart/add/", {"product": mug.pk}, headers=JSON)

    assert answer.status_code == 200
    assert answer.json()["cart"]["quantity"] == 4
    assert [message["level"] for message in answer.json()["messages"]] == [
        "info",
        "warning",
        "success",
    ]


def test_a_checkout_that_brings_something_along_shows_the_cart_again(
    guest: Browser, mug: Product, lamp: Product, user: User
) -> None:
    guest.add(mug)
    guest.client.force_login(user)
    seen = guest.open_cart()
    carts.add_item(carts.get_guest_cart(token_of(guest)), lamp)

    answer = guest.check_out(page=seen)

    assert "“Lamp” was added to your cart." in messages_of(answer)
    assert not Order.objects.exists()


def test_a_merge_is_deferred_while_the_guest_keeps_placing_orders(
    guest: Browser, mug: Product, user: User
) -> None:
    cart = check_out(guest, mug).cart

    def order_again(**kwargs: Any) -> None:
        OrderFactory(cart=cart)

    order_canceled.connect(order_again)
    brought = merge_guest(token_of(guest), user)
    order_canceled.disconnect(order_again)

    assert brought.open_order is not None
    assert items_of(user) == {}
    assert Order.objects.get(status="pending").cart == cart
    assert merge_guest(token_of(guest), user).quantity == 1


def test_the_patience_of_a_sign_in_is_short() -> None:
    with short_deadline():
        assert seconds_left() <= SHORT_DEADLINE < DEADLINE
        assert attempt_timeout() == SHORT_TIMEOUT
        assert sum(SHORT_TIMEOUT) <= SHORT_DEADLINE
    assert attempt_timeout() != SHORT_TIMEOUT
    assert seconds_left() == float("inf")


def test_a_silent_stripe_does_not_block_signing_in(
    guest: Browser, mug: Product, user: User, settings: Any
) -> None:
    order = check_out(guest, mug)
    box = Sandbox()
    box.faults.add("* /v1/*", kind="timeout_before", times=None)
    with box.serve() as server, transport(None):  # type: ignore[arg-type]
        settings.STRIPE_CART_API_BASE = server.url
        guest.client.force_login(user)

    order.refresh_from_db()
    assert len(box.requests) == 1  # a second one would not fit into the patience
    assert order.cancel_requested_at is not None
    assert guest.client.get("/shop/cart/").status_code == 200


WORDS = "Greta could not be written to"


@pytest.fixture
def broken_host() -> Any:
    def raise_it(**kwargs: Any) -> None:
        raise RuntimeError(WORDS)

    order_canceled.connect(raise_it)
    yield
    order_canceled.disconnect(raise_it)


def test_an_error_in_a_hosts_code_does_not_block_signing_in(
    guest: Browser,
    sandbox: Sandbox,
    mug: Product,
    user: User,
    broken_host: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    check_out(guest, mug)
    sandbox.hold_deliveries = True

    guest.client.force_login(user)

    assert items_of(user) == {}
    assert CartItem.objects.get().cart.token == token_of(guest)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "stripe_cart"]
    assert "RuntimeError" in said
    assert "in raise_it" in said
    assert WORDS not in said


# --- through the host's own pages, which run in a transaction -----------------------------------


@pytest.fixture
def committed_guest(transactional_db: None, user: User, guest: Browser) -> Browser:
    assert connection.settings_dict["ATOMIC_REQUESTS"]
    return guest


def test_signing_in_by_the_form_brings_it_along_and_says_so(
    committed_guest: Browser, mug: Product, lamp: Product, user: User
) -> None:
    carts.add_item(carts.get_user_cart(user), lamp, 4)
    committed_guest.add(mug, 2)
    committed_guest.add(lamp, 3)
    messages_of(committed_guest.client.get("/shop/cart/"))

    sign_in(committed_guest)

    page = committed_guest.client.get("/").content.decode()
    assert items_of(user) == {"Mug": 2, "Lamp": 5}
    assert "3 items that you added before signing in are now in your cart." in page
    assert "Only 5 of “Lamp” are left." in page


def test_the_open_order_is_closed_after_the_hosts_transaction(
    committed_guest: Browser, sandbox: Sandbox, mug: Product, user: User
) -> None:
    check_out(committed_guest, mug)

    sign_in(committed_guest)

    assert Order.objects.get().status == "canceled"
    assert sandbox.sessions[0]["status"] == "expired"
    assert items_of(user) == {"Mug": 1}


@pytest.mark.parametrize("faults", ["unavailable", "paid"])
def test_the_sign_in_says_how_the_open_order_stands(
    committed_guest: Browser, sandbox: Sandbox, mug: Product, faults: str
) -> None:
    sandbox.hold_deliveries = True
    order = check_out(committed_guest, mug)
    if faults == "paid":
        sandbox.pay(order.session_url)
        said = f"Thank you! Order {order.number} is paid."
    else:
        sandbox.faults.add("* /v1/*", kind=faults, times=None)
        said = f"The payment page of order {order.number} is still open."

    sign_in(committed_guest)

    assert said in committed_guest.client.get("/").content.decode()


def test_a_sign_in_that_is_refused_brings_nothing_along(
    committed_guest: Browser, mug: Product
) -> None:
    committed_guest.add(mug)

    committed_guest.client.post("/accounts/login/", {"username": "demo", "password": "wrong"})

    assert CartItem.objects.get().cart.token == token_of(committed_guest)


def sign_up(request: HttpRequest) -> HttpResponse:
    """A host's sign-up page."""
    user = User.objects.create_user(request.POST["username"])
    login(request, user)
    return HttpResponse()


urlpatterns = [path("join/", sign_up), path("", include("tests.urls"))]


@pytest.mark.urls(__name__)
def test_signing_up_is_signing_in(committed_guest: Browser, sandbox: Sandbox, mug: Product) -> None:
    order = buy(committed_guest, sandbox, mug)
    committed_guest.add(mug, 3)

    committed_guest.client.post("/join/", {"username": "new"})

    user = User.objects.get(username="new")
    assert items_of(user) == {"Mug": 3}
    assert list(Order.objects.owned_by(user)) == [order]


def test_signing_out_leaves_nothing_to_the_next_guest(
    committed_guest: Browser, sandbox: Sandbox, mug: Product, lamp: Product, user: User
) -> None:
    buy(committed_guest, sandbox, mug)
    token = token_of(committed_guest)
    sign_in(committed_guest)
    order = check_out(committed_guest, lamp)

    committed_guest.client.post("/accounts/logout/")

    assert not committed_guest.client.session.items()
    assert "Lamp" not in committed_guest.open_cart()
    assert order.number not in committed_guest.client.get("/shop/orders/").content.decode()
    assert_sign_in_is_asked_for(committed_guest, order.get_absolute_url())
    committed_guest.add(mug)
    assert token_of(committed_guest) not in ("", token)
    assert items_of(user) == {"Lamp": 1}


def test_another_user_in_the_same_browser_gets_nothing_of_the_first(
    committed_guest: Browser, mug: Product, user: User
) -> None:
    committed_guest.add(mug)
    sign_in(committed_guest)
    other = User.objects.create_user("other", password="other")

    committed_guest.client.post("/accounts/login/", {"username": "other", "password": "other"})

    assert items_of(other) == {}
    assert items_of(user) == {"Mug": 1}


# --- many at once -------------------------------------------------------------------------------


def in_threads(*deeds: Callable[[], Any]) -> list[Any]:
    """Do all at the same moment, each on a connection of its own."""
    barrier = threading.Barrier(len(deeds))
    outcomes: list[Any] = [None] * len(deeds)

    def do(number: int, deed: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            outcomes[number] = deed()
        except Exception as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def tab_of(guest: Browser) -> Client:
    """Another tab: the same cookies."""
    client = Client()
    client.cookies.update(guest.client.cookies)
    return client


def test_many_tabs_that_sign_in_at_once_sum_once(
    committed_guest: Browser, mug: Product, user: User
) -> None:
    for _time in range(3):
        Cart.objects.all().delete()
        committed_guest = Browser()
        carts.add_item(carts.get_user_cart(user), mug, 1)
        committed_guest.add(mug, 2)
        token = token_of(committed_guest)

        outcomes = in_threads(*[functools.partial(merge_guest, token, user)] * 6)

        assert sorted(brought.quantity for brought in outcomes) == [0] * 5 + [2]
        assert items_of(user) == {"Mug": 3}


# Django's sign-in reads before it writes: SQLite refuses it after a concurrent write.
@pytest.mark.not_on("sqlite")
def test_tabs_that_add_while_one_signs_in_lose_nothing(
    committed_guest: Browser, mug: Product, lamp: Product, user: User
) -> None:
    committed_guest.add(mug)
    tabs = [tab_of(committed_guest) for _tab in range(4)]
    form = {"product": lamp.pk, "quantity": 1}

    outcomes = in_threads(
        functools.partial(sign_in, committed_guest),
        *[functools.partial(tab.post, "/shop/cart/add/", form) for tab in tabs],
    )
    added = [answer for answer in outcomes[1:] if answer.status_code == 303]
    committed_guest.set_quantity(mug, 1)  # whatever was left behind comes now

    assert added
    assert not [answer for answer in outcomes if answer.status_code >= 500]
    assert items_of(user) == {"Mug": 1, "Lamp": len(added) - len(with_new_session(added))}


def with_new_session(answers: list[Any]) -> list[Any]:
    """The responses that started a new session, after the sign-in had ended theirs."""
    return [answer for answer in answers if "sessionid" in answer.cookies]


# --- a cart that is deleted concurrently --------------------------------------------------------


def test_an_item_goes_into_a_new_cart_if_the_old_one_was_cleaned(
    guest: Browser, mug: Product, rf: Any
) -> None:
    guest.add(mug)
    request = rf.post("/")
    request.session, request.user = guest.client.session, AnonymousUser()
    keys: list[CartKey] = []

    def add_at_the_wrong_moment(key: CartKey, **change: Any) -> Any:
        keys.append(key)
        if len(keys) == 1:
            Cart.objects.all().delete()
        return carts.change_line(key, mug.pk, **change)

    Shopper.of(request).change_cart(add_at_the_wrong_moment, to=lambda held: held + 4)

    assert len(keys) == 2
    assert CartItem.objects.get().quantity == 4
    assert Cart.objects.get().token == token_of(guest)


def test_a_cart_that_is_gone_is_an_empty_one_at_checkout(guest: Browser, mug: Product) -> None:
    guest.add(mug)
    cart = Cart.objects.get()
    Cart.objects.all().delete()

    with pytest.raises(EmptyCart):
        place_order(cart)


def test_a_cart_without_a_guest_is_nobodys(user: User) -> None:
    assert merge_without_stripe("no such token", user) == MergeResult()
