"""The cart and checkout views: access, responses, redirects."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.handlers.base import BaseHandler
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_stripe_cart import urls, webhook_urls
from django_stripe_cart.models import Cart, CartItem, Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of
from django_stripe_cart.testing.factories import OrderFactory, UserFactory, make_product
from django_stripe_cart.web.decorators import non_atomic

GETS = ["/shop/cart/", "/shop/orders/"]
POSTS = ["/shop/cart/add/", "/shop/cart/item/", "/shop/cart/remove/", "/shop/checkout/"]
FRAGMENT = {"Stripe-Cart": "fragment"}


@pytest.fixture
def stranger(db: None, sandbox: Sandbox) -> Browser:
    return Browser(UserFactory())


# --- access -------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", GETS)
def test_a_visitor_is_sent_to_sign_in_and_back(client: Client, db: None, url: str) -> None:
    answer = client.get(url)

    assert answer.url == f"/accounts/login/?next={url}"


@pytest.mark.parametrize("url", POSTS)
def test_a_visitor_can_change_nothing(client: Client, mug: Product, url: str) -> None:
    answer = client.post(url, {"product": mug.pk, "quantity": 1, "next": "/"})

    assert answer.url == "/accounts/login/?next=/"
    assert not Cart.objects.exists()


def test_the_script_gets_the_login_url(client: Client, mug: Product) -> None:
    answer = client.post("/shop/cart/add/", {"product": mug.pk, "next": "/"}, headers=FRAGMENT)

    assert answer.headers["Stripe-Cart-Location"] == "/accounts/login/?next=/"


@pytest.mark.parametrize("path", ["orders/{}/", "orders/{}/receipt/", "checkout/return/{}/"])
def test_another_shoppers_order_is_not_found(stranger: Browser, pending: Order, path: str) -> None:
    for reference in (pending.reference, uuid.uuid4()):
        assert stranger.client.get(f"/shop/{path.format(reference)}").status_code == 404


def test_another_shoppers_orders_and_cart_are_not_listed(stranger: Browser, pending: Order) -> None:
    assert pending.number not in stranger.client.get("/shop/orders/").content.decode()
    assert "Mug" not in stranger.open_cart()


def test_a_cart_can_not_be_changed_by_another_shopper(
    stranger: Browser, browser: Browser, pending: Order, mug: Product
) -> None:
    stranger.remove(mug)
    stranger.set_quantity(mug, 1)

    assert browser.user.stripe_cart.items.get().quantity == 2


# --- what it never does -------------------------------------------------------------------------


@pytest.mark.parametrize("url", POSTS)
def test_a_post_without_its_token_is_refused(user: User, url: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert client.post(url, {"product": 1}).status_code == 403


@pytest.mark.parametrize("url", POSTS[:-1])
def test_a_get_changes_nothing(browser: Browser, url: str) -> None:
    assert browser.client.get(url).status_code == 405


def test_a_get_of_the_checkout_leads_to_the_cart(browser: Browser, mug: Product) -> None:
    browser.add(mug)

    answer = browser.client.get("/shop/checkout/")

    assert answer.status_code == 303
    assert answer.url == "/shop/cart/"
    assert not Order.objects.exists()


@pytest.mark.parametrize("quantity", ["0", "-1", "1000", "two"])
def test_a_quantity_that_no_cart_takes_is_refused_in_our_words(
    browser: Browser, mug: Product, quantity: str
) -> None:
    fields = {"product": mug.pk, "quantity": quantity, "next": "/shop/cart/"}

    answer = browser.client.post("/shop/cart/add/", fields, follow=True)

    assert messages_of(answer) == ["Please choose a whole number from 1 to 999."]


def test_a_cart_that_can_not_be_bought_says_what_to_do(browser: Browser, mug: Product) -> None:
    browser.add(mug)
    assert "If you change a quantity, press “Update”" in browser.open_cart()
    Product.objects.update(is_active=False)

    page = browser.open_cart()

    assert page.count("“Mug” is not for sale at the moment.") == 1
    assert "Please remove it to check out." in page
    assert "Subtotal" not in page
    assert re.search(
        r'<button type="submit"[^>]* disabled data-stripe-cart-control="checkout"', page
    )


@pytest.mark.parametrize("url", GETS)
@pytest.mark.parametrize("headers", [{}, FRAGMENT])
def test_reading_never_writes(browser: Browser, url: str, headers: dict[str, str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = browser.client.get(url, headers=headers)

    assert answer.status_code == 200
    wrote = [q["sql"] for q in queries if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert not wrote
    assert not Cart.objects.exists()


def test_a_visitor_of_the_storefront_gets_no_session_and_no_cart(
    client: Client, mug: Product
) -> None:
    assert client.get("/").status_code == 200

    assert not Session.objects.exists()
    assert not Cart.objects.exists()


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_a_next_url_of_another_site_is_ignored(browser: Browser, mug: Product, wanted: str) -> None:
    answer = browser.client.post("/shop/cart/add/", {"product": mug.pk, "next": wanted})

    assert answer.url == "/shop/cart/"


# --- what it answers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quantity", ["-1", "1.5", "NaN", "1e3", "9" * 40, "", "abc", "\x00", "1000"]
)
def test_an_odd_quantity_is_a_sentence_and_changes_nothing(
    browser: Browser, mug: Product, quantity: str
) -> None:
    browser.add(mug, 3)

    answer = browser.client.post("/shop/cart/item/", {"product": mug.pk, "quantity": quantity})

    assert answer.status_code == 303
    assert messages_of(answer)
    assert browser.user.stripe_cart.items.get().quantity == 3


@pytest.mark.parametrize("product", ["", "0", "x", "\x00", "9" * 40, "-1"])
@pytest.mark.parametrize("url", POSTS[:3])
def test_an_unknown_product_is_no_server_error(browser: Browser, url: str, product: str) -> None:
    answer = browser.client.post(url, {"product": product, "quantity": 1})

    assert answer.status_code == 303
    assert not CartItem.objects.exists()


def test_the_script_gets_the_cart_as_it_is_now(browser: Browser, mug: Product) -> None:
    answer = browser.client.post(
        "/shop/cart/add/", {"product": mug.pk, "quantity": 2}, headers=FRAGMENT
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "₹998.00" in page
    assert 'data-stripe-cart-fragment="cart"' in page
    assert "<html" not in page


def test_adding_says_what_was_added_and_the_subtotal(browser: Browser, mug: Product) -> None:
    browser.add(mug, 2)

    answer = browser.add(mug)

    assert "“Mug” is in your cart. Subtotal: ₹1,497.00" in messages_of(answer)


def test_adding_again_after_no_answer_adds_once(browser: Browser, mug: Product) -> None:
    browser.add(mug, 3)
    again = {"product": mug.pk, "quantity": 2, "quantity_before": 3}

    for _press in range(2):
        answer = browser.client.post("/shop/cart/add/", again, headers=FRAGMENT)

    assert "“Mug” is in your cart." in answer.content.decode()
    assert browser.user.stripe_cart.items.get().quantity == 5


@pytest.mark.parametrize("had", ["-1", "x", "1000", "9" * 40])
def test_an_odd_memory_is_a_sentence_and_adds_nothing(
    browser: Browser, mug: Product, had: str
) -> None:
    answer = browser.client.post("/shop/cart/add/", {"product": mug.pk, "quantity_before": had})

    assert messages_of(answer)
    assert not CartItem.objects.exists()


# --- a removal can be undone --------------------------------------------------------------------


def undo_of(page: str) -> dict[str, str] | None:
    form = re.search(r'data-stripe-cart-form="undo".*?</form>', page, re.S)
    return dict(re.findall(r'name="(product|quantity)" value="([^"]*)"', form[0])) if form else None


@pytest.mark.parametrize(
    "remove",
    [
        lambda browser, product: browser.remove(product),
        lambda browser, product: browser.set_quantity(product, 0),
    ],
)
def test_without_script_a_removal_is_undone_from_the_cart(
    browser: Browser, mug: Product, remove: Any
) -> None:
    browser.add(mug, 3)

    page = browser.follow(remove(browser, mug).url).content.decode()
    undo = undo_of(page)
    assert undo == {"product": str(mug.pk), "quantity": "3"}
    assert "Removed “Mug”." in page
    browser.client.post("/shop/cart/item/", undo)

    assert browser.user.stripe_cart.items.get().quantity == 3
    assert undo_of(browser.open_cart()) is None


def test_the_script_gets_the_removal_beside_the_cart(browser: Browser, mug: Product) -> None:
    browser.add(mug, 3)

    answer = browser.client.post("/shop/cart/remove/", {"product": mug.pk}, headers=FRAGMENT)
    again = browser.client.post("/shop/cart/remove/", {"product": mug.pk}, headers=FRAGMENT)

    assert undo_of(answer.content.decode()) == {"product": str(mug.pk), "quantity": "3"}
    assert undo_of(again.content.decode()) is None


def test_what_is_in_the_cart_again_was_not_removed(browser: Browser, mug: Product) -> None:
    browser.add(mug)

    page = browser.client.get("/shop/cart/", {"removed": mug.pk, "quantity": 1})

    assert undo_of(page.content.decode()) is None


@pytest.mark.parametrize(
    "odd", [{"removed": "x"}, {"quantity": "0"}, {"quantity": "-1"}, {"quantity": "\x00"}]
)
def test_an_odd_removal_in_the_address_is_ignored(
    browser: Browser, mug: Product, odd: dict[str, str]
) -> None:
    page = browser.client.get("/shop/cart/", {"removed": mug.pk, "quantity": 1, **odd})

    assert page.status_code == 200
    assert undo_of(page.content.decode()) is None


def test_an_address_brings_nothing_to_light_that_is_not_for_sale(browser: Browser) -> None:
    secret = make_product("Secret", is_active=False)

    page = browser.client.get("/shop/cart/", {"removed": secret.pk, "quantity": 1})

    assert "Secret" not in page.content.decode()


def test_the_script_gets_the_payment_url(browser: Browser, mug: Product) -> None:
    browser.add(mug)
    seen = browser.fingerprint(browser.open_cart())

    answer = browser.client.post("/shop/checkout/", {"fingerprint": seen}, headers=FRAGMENT)

    assert answer.headers["Stripe-Cart-Location"] == browser.order.session_url


def test_the_return_page_never_says_failed_while_unsure(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    answer = browser.client.get(f"/shop/checkout/return/{pending.reference}/", follow=True)

    page = answer.content.decode()
    assert "Your payment is being confirmed." in page
    assert "Awaiting payment" in page
    assert "Pay now" not in page
    assert messages_of(answer) == []


def test_without_script_the_return_page_looks_again_with_growing_pauses(
    browser: Browser, pending: Order
) -> None:
    page = pending.get_absolute_url()

    waits = [
        re.search(r'http-equiv="refresh" content="(\d+);url=([^"]*)"', body)
        for look in range(7)
        for body in [browser.client.get(page, {"refresh": look}).content.decode()]
    ]

    assert [(int(wait[1]), wait[2]) for wait in waits if wait] == [
        (pause, f"{page}?refresh={look}") for look, pause in enumerate((2, 4, 8, 15, 30), start=1)
    ]
    assert waits[5:] == [None, None]


@pytest.mark.parametrize(
    ("settings_of_mail", "address", "news"),
    [
        (True, "asha@example.com", "we will e-mail you."),
        (True, "", "you will find the result under “My orders”."),
        (["fulfilled"], "asha@example.com", "you will find the result under “My orders”."),
    ],
)
def test_after_the_last_refresh_the_page_says_how_to_follow_the_payment(
    browser: Browser, pending: Order, settings: Any, settings_of_mail: Any, address: str, news: str
) -> None:
    settings.STRIPE_CART_EMAILS = settings_of_mail
    Order.objects.filter(pk=pending.pk).update(email=address)

    last = browser.client.get(pending.get_absolute_url(), {"refresh": 5}).content.decode()

    assert f"You may leave this page: {news}" in last


def test_what_the_script_swaps_in_does_not_reload_the_page(
    browser: Browser, pending: Order
) -> None:
    """Parsed by a script, a <meta> in <noscript> is alive."""
    page = browser.client.get(
        pending.get_absolute_url(), {"refresh": 1}, headers={"Stripe-Cart": "page"}
    ).content.decode()

    assert "Your payment is being confirmed." in page
    assert "http-equiv" not in page


@pytest.mark.parametrize("look", ["", "-1", "x", "1.5", "²", "9" * 40, "\x00"])
def test_an_odd_look_is_no_server_error(browser: Browser, pending: Order, look: str) -> None:
    assert browser.client.get(pending.get_absolute_url(), {"refresh": look}).status_code == 200


def test_a_refresh_shows_that_the_order_is_paid(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.pay(pending.session_url)

    answer = browser.client.get(
        pending.get_absolute_url(), {"refresh": 1}, headers={"Stripe-Cart": "page"}
    )

    fragments = answer.content.decode()
    assert "Thank you. Your payment has been received." in fragments
    assert "data-stripe-cart-refresh-seconds" not in fragments
    assert "<h1" in fragments
    assert "Your cart is empty." in fragments


def test_returning_without_payment_shows_the_cart(browser: Browser, pending: Order) -> None:
    back = pending.session_params["cancel_url"].removeprefix("http://testserver")
    answer = browser.client.get(back)

    assert answer.url == "/#cart"
    assert messages_of(answer) == ["No payment was made. Your cart has not changed."]


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/shop/cart/"])
def test_the_way_back_from_stripe_stays_on_this_site(
    browser: Browser, pending: Order, wanted: str
) -> None:
    answer = browser.client.get("/shop/checkout/canceled/", {"next": wanted})

    assert answer.url == "/shop/cart/"


def test_returning_to_an_empty_cart_shows_no_message(browser: Browser) -> None:
    answer = browser.client.get("/shop/checkout/canceled/", {"next": "/"})

    assert answer.url == "/"
    assert messages_of(answer) == []


def test_the_receipt_of_a_paid_order_is_stripes(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.pay(pending.session_url)  # paid by the webhook, which has no receipt URL
    page = browser.client.get(f"/shop/orders/{pending.reference}/").content.decode()
    link = f"/shop/orders/{pending.reference}/receipt/"
    assert link in page

    first, asked = browser.client.get(link), len(sandbox.requests)
    second = browser.client.get(link)

    assert first.url == second.url == sandbox.charges[0]["receipt_url"]
    assert len(sandbox.requests) == asked


def test_an_order_that_is_not_paid_has_no_receipt(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    sandbox.pay_by_bank_debit(pending.session_url)
    page = browser.client.get(f"/shop/orders/{pending.reference}/").content.decode()
    assert "receipt" not in page.lower()

    answer = browser.client.get(f"/shop/orders/{pending.reference}/receipt/")

    assert answer.url == pending.get_absolute_url()
    assert browser.order.receipt_url == ""
    assert messages_of(answer) == ["There is no receipt for this order at the moment."]


def test_orders_come_newest_first_in_pages_of_ten_at_a_constant_price(
    browser: Browser, django_assert_max_num_queries: Any
) -> None:
    for _number in range(12):
        placed = OrderFactory(user=browser.user, total=100)
        placed.items.create(name="Mug", unit_amount=100, quantity=1)

    with django_assert_max_num_queries(4):
        first = browser.client.get("/shop/orders/").content.decode()
    second = browser.client.get("/shop/orders/?page=2").content.decode()

    numbers = [order.number for order in Order.objects.newest_first()]
    assert all(number in first for number in numbers[:10])
    assert all(number in second and number not in first for number in numbers[10:])
    assert ("?page=2" in first, "?page=1" in first) == (True, False)
    assert ("?page=3" in second, "?page=1" in second) == (False, True)


def test_behind_the_last_page_is_the_first(browser: Browser, pending: Order) -> None:
    assert pending.number in browser.client.get("/shop/orders/?page=2").content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 30, "\x00"])
def test_an_odd_page_number_is_no_server_error(browser: Browser, page: str) -> None:
    assert browser.client.get("/shop/orders/", {"page": page}).status_code == 200


def test_a_reloaded_order_page_does_not_ask_stripe_each_time(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    before = len(sandbox.requests)

    for _reload in range(5):
        browser.client.get(pending.get_absolute_url())

    assert len(sandbox.requests) == before + 1


def test_the_return_page_always_looks(browser: Browser, sandbox: Sandbox, pending: Order) -> None:
    browser.client.get(pending.get_absolute_url())
    sandbox.hold_deliveries = True
    payment = sandbox.pay(pending.session_url)

    browser.follow(payment.redirect_url)

    assert browser.order.status == "paid"


def test_the_order_page_looks_once_in_three_seconds(
    browser: Browser, sandbox: Sandbox, pending: Order
) -> None:
    before = len(sandbox.requests)

    for _visit in range(5):
        browser.client.get(pending.get_absolute_url())

    assert len(sandbox.requests) - before == 1


@pytest.mark.parametrize("page", ["orders", "checkout/return"])
def test_a_stranger_has_stripe_asked_once_in_three_seconds(
    guest: Browser, sandbox: Sandbox, mug: Product, page: str
) -> None:
    guest.add(mug)
    guest.check_out()
    stranger, before = Browser(), len(sandbox.requests)

    for _visit in range(5):
        stranger.client.get(f"/shop/{page}/{guest.order.reference}/")

    assert len(sandbox.requests) - before == 1


@pytest.mark.parametrize(
    "url",
    [
        "/.//evil.example",
        "/x/..//evil.example",
        "/..//evil.example/a",
        "/./\\evil.example",
        "//evil.example",
    ],
)
@pytest.mark.parametrize("has_cart", [True, False])
def test_nobody_is_sent_to_another_site(
    browser: Browser, mug: Product, url: str, has_cart: bool
) -> None:
    if has_cart:
        browser.add(mug)

    as_json = {"Accept": "application/json"}
    for headers in ({}, {"Stripe-Cart": "page"}, as_json):
        answer = browser.client.get("/shop/checkout/canceled/", {"next": url}, headers=headers)
        locations = (
            answer.headers.get("Location"),
            answer.headers.get("Stripe-Cart-Location"),
            answer.json()["location"] if headers is as_json else None,
        )
        (location,) = filter(None, locations)
        host = urlsplit(urljoin("http://testserver/shop/checkout/canceled/", location)).netloc
        assert (host, location.startswith(("//", "/\\"))) == ("testserver", False)


@pytest.mark.parametrize(("price", "warned"), [("0.49", True), ("0.50", False), ("0", False)])
def test_a_total_below_stripes_minimum_is_warned_about_in_the_cart(
    browser: Browser, price: str, warned: bool
) -> None:
    browser.add(make_product("Pin", price=price))

    warning = "The minimum payment is ₹0.50."
    assert (warning in browser.open_cart()) is warned


def test_an_order_that_never_reached_stripe_shows_the_way_to_its_payment(
    browser: Browser, sandbox: Sandbox, mug: Product
) -> None:
    sandbox.faults.add("POST /v1/checkout/sessions", kind="server_error", times=99)
    browser.add(mug)
    browser.check_out()
    page = browser.client.get(browser.order.get_absolute_url()).content.decode()

    assert "waiting for news" not in page
    assert "This order is not paid yet." in page

    sandbox.faults.clear()
    paying = browser.client.post(browser.order.get_absolute_url() + "pay/")
    assert paying.url == browser.order.session_url


# --- inside hosts that wrap their requests ------------------------------------------------------


def test_the_login_middleware_exempts_the_webhook(client: Client, db: None, settings: Any) -> None:
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]

    assert (
        client.post("/stripe/webhook/", b"{}", content_type="application/json").status_code == 400
    )


def test_a_host_without_messages_can_sell_all_the_same(
    browser: Browser, sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "messages" not in name]
    browser.add(mug, 999)
    browser.add(mug)
    browser.check_out()

    payment = sandbox.pay(browser.order.session_url)

    assert browser.follow(payment.redirect_url).status_code == 200


def test_every_view_opens_its_own_transactions() -> None:

    for pattern in [*urls.urlpatterns, *webhook_urls.urlpatterns]:
        assert pattern.callback._non_atomic_requests, pattern.name
        assert pattern.callback.login_required is False, pattern.name


def test_no_view_is_wrapped_in_a_transaction_of_another_database_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = {**connections.databases["default"], "ATOMIC_REQUESTS": True}
    monkeypatch.setitem(connections.databases, "shop", shop)

    view = non_atomic(lambda request: HttpResponse())

    assert BaseHandler().make_view_atomic(view) is view


def test_an_order_has_the_address_of_the_users_own_field(
    browser: Browser, mug: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "EMAIL_FIELD", "first_name")
    User.objects.update(first_name="greta@example.net")
    browser.add(mug)

    browser.check_out()

    assert browser.order.email == "greta@example.net"
