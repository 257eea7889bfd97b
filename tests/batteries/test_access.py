"""Access at every URL: a user can not read or change the data of another user."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern

from django_stripe_cart import urls, webhook_urls
from django_stripe_cart.models import Cart, CartItem, Order, OrderEvent, Product, Refund
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import make_product
from django_stripe_cart.testing.invariants import violations
from tests.batteries.raw_requests import RawClient, RawRequest
from tests.batteries.test_hostile_requests import url_of
from tests.support.logs import formatted

PATTERNS: list[URLPattern] = urls.urlpatterns
HEADERS = (
    {},
    {"Stripe-Cart": "fragment"},
    {"Accept": "application/json"},
    {"Accept": "application/json", "Stripe-Cart": "fragment"},
)


@pytest.fixture
def anna(sandbox: Sandbox, db: None) -> User:
    """A user with a paid and partly refunded order, and a pending order."""
    anna = User.objects.create_user("anna-karenina", "anna@example.org")
    product = make_product("Private edition", price="7313.37")
    browser = Browser(anna)
    browser.add(product)
    browser.check_out()
    sandbox.pay(browser.order.session_url, email="anna@example.net", name="Anna K")
    refund_order(browser.order, 31_337)
    browser.add(product, 3)
    browser.check_out()
    # The product has been renamed, so the old name and price are only in her orders.
    Product.objects.update(name="Poster", slug="poster", price="10.00")
    return anna


def secrets_of(user: User) -> list[str]:
    secrets = [
        "Private edition",
        "7,313",
        "7313.37",
        "731337",
        "21,940",
        "2194011",
        "313.37",
        "31337",
    ]
    secrets += [user.username, user.email, "anna@example.net", "Anna K"]
    for order in Order.objects.filter(user=user):
        found = [order.reference, order.reference.hex, order.number, order.session_id]
        found += [order.payment_intent_id, order.session_url, order.receipt_url]
        secrets += [str(secret) for secret in found if secret]
    return secrets


def rows() -> list[Any]:
    models = (Cart, CartItem, Order, OrderEvent, Refund)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.fixture(params=["another user", "a visitor"])
def other(request: pytest.FixtureRequest, anna: User) -> RawClient:
    boris = User.objects.create_user("boris")
    return RawClient(boris if request.param == "another user" else None)


@pytest.mark.parametrize("guests", [False, True], ids=["users only", "guests too"])
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_another_user_can_not_read_or_change_her_data(
    other: RawClient,
    anna: User,
    sandbox: Sandbox,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    pattern: URLPattern,
    guests: bool,
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.STRIPE_CART_ALLOW_GUESTS = guests
    before = rows()
    her_orders = Order.objects.filter(user=anna)
    product = Product.objects.get()
    forms = [
        b"",
        f"product={product.pk}&quantity=2&next=/shop/cart/".encode(),
        f"product={product.pk}&quantity=0".encode(),
        f'fingerprint=[["{product.pk}",3,731337,"inr"]]'.encode(),
        *[f"order={order.pk}&reference={order.reference}".encode() for order in her_orders],
    ]

    for reference in [order.reference for order in her_orders]:
        path = url_of(pattern, reference).encode()
        for headers in HEADERS:
            responses = [other.send(RawRequest("GET", path, headers=headers))]
            responses += [
                other.send(RawRequest("POST", path, headers={**FORM, **headers}, body=form))
                for form in forms
            ]
            for response in responses:
                # The login redirect repeats the path that was requested.
                text = response.text.replace(path.decode(), "")
                assert [secret for secret in secrets_of(anna) if secret in text] == []
                assert response.status < 500
                if "reference" in pattern.pattern.regex.groupindex:
                    assert response.status >= 302 or "/accounts/login/" in response.headers

    names = ("anna", "Anna", "boris")
    lines = formatted([*caplog.get_records("setup"), *caplog.records])
    assert lines
    for text in lines:
        assert [name for name in names if name in text] == []
    assert violations(sandbox) == []
    Cart.objects.exclude(user=anna).delete()
    assert rows() == before


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_the_owner_sees_her_own_orders(anna: User) -> None:
    page = RawClient(anna).send(RawRequest("GET", b"/shop/orders/")).text

    assert "Private edition" in page
    assert "7,313.37" in page


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_a_post_without_its_token_is_refused(anna: User, pattern: URLPattern) -> None:
    before = rows()
    product = Product.objects.get()
    path = url_of(pattern, Order.objects.first().reference).encode()

    for token in (None, "", "x", "a" * 32, "a" * 64):
        headers = {**FORM} if token is None else {**FORM, "X-CSRFToken": token}
        request = RawRequest(
            "POST", path, headers=headers, body=f"product={product.pk}&quantity=1".encode()
        )
        assert RawClient(anna).send(request, with_token=False).status == 403

    assert rows() == before


def test_only_the_webhook_needs_no_token(db: None) -> None:
    url = url_of(webhook_urls.urlpatterns[0], None)

    assert Client(enforce_csrf_checks=True).post(url, {}).status_code == 400
    assert [pattern.name for pattern in PATTERNS if _is_exempt(pattern)] == []


def _is_exempt(pattern: URLPattern) -> bool:
    return bool(getattr(pattern.callback, "csrf_exempt", False))
