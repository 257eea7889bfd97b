"""URLs of the shop, the webhook and the login."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import clear_script_prefix, include, path, re_path, set_script_prefix

from tests.checks.messages import check_messages, message_ids

SHOP = path("shop/", include("django_stripe_cart.urls"))
WEBHOOK = path("stripe/webhook/", include("django_stripe_cart.webhook_urls"))
LOGIN = path("accounts/", include("django.contrib.auth.urls"))


def page(request: HttpRequest, **words: str) -> HttpResponse:
    raise NotImplementedError


def test_a_webhook_in_a_language_is_reported() -> None:
    urls = (LOGIN, SHOP, *i18n_patterns(path("more/", include([WEBHOOK]))))

    assert message_ids(ROOT_URLCONF=urls) == ["W013"]


def test_a_shop_in_many_languages_with_its_webhook_outside_passes() -> None:
    urls = (WEBHOOK, *i18n_patterns(LOGIN, SHOP))

    assert message_ids(ROOT_URLCONF=urls) == []
    assert message_ids(ROOT_URLCONF=urls, LOGIN_URL="/accounts/login/") == []


def test_a_page_that_stands_before_the_webhook_is_reported() -> None:
    urls = (LOGIN, SHOP, re_path(r"^(?P<slug>.*)$", page), WEBHOOK)

    (message,) = check_messages(ROOT_URLCONF=urls)

    assert message.id == "stripe_cart.W014"
    assert "/stripe/webhook/ is answered by tests.checks.test_urls.page" in message.msg


def test_below_a_prefix_of_the_server_the_addresses_are_the_same() -> None:
    set_script_prefix("/below/")
    try:
        assert message_ids() == []
        assert message_ids(LOGIN_URL="/below/accounts/login/") == []
        assert message_ids(LOGIN_URL="/below/nowhere/") == ["W022"]
    finally:
        clear_script_prefix()


@pytest.mark.parametrize("url", ["nowhere", "/nowhere/", "shop:nowhere"])
def test_a_login_url_that_does_not_resolve_is_reported(url: str) -> None:
    (message,) = check_messages(LOGIN_URL=url)

    assert message.id == "stripe_cart.W022"
    assert repr(url) in message.msg
    assert message_ids(LOGIN_URL=url, STRIPE_CART_ALLOW_GUESTS=True) == []
    assert message_ids(LOGIN_URL=url, ROOT_URLCONF=(WEBHOOK,)) == ["W004"]


@pytest.mark.parametrize(
    "url",
    ["login", "/accounts/login/", "/accounts/login", "/accounts/login/?way=shop",
     "https://login.example/", "//login.example/"],
)  # fmt: skip
def test_a_login_url_that_resolves_or_is_external_passes(url: str) -> None:
    assert message_ids(LOGIN_URL=url) == []


@pytest.mark.parametrize(
    ("settings", "is_named"),
    [
        ({"SECURE_SSL_REDIRECT": True}, True),
        ({"PREPEND_WWW": True}, True),
        ({"SECURE_SSL_REDIRECT": True, "SECURE_REDIRECT_EXEMPT": ["^stripe/"]}, False),
        ({"SECURE_SSL_REDIRECT": True, "SECURE_REDIRECT_EXEMPT": ["^shop/"]}, True),
        (
            {
                "SECURE_SSL_REDIRECT": True,
                "SECURE_REDIRECT_EXEMPT": ["."],
                "ROOT_URLCONF": (LOGIN, SHOP),
            },
            True,
        ),
        ({"SECURE_SSL_REDIRECT": True, "STRIPE_CART_BASE_URL": "https://shop.example"}, False),
        ({"PREPEND_WWW": True, "STRIPE_CART_BASE_URL": "http://www.shop.example"}, False),
        ({"SECURE_SSL_REDIRECT": True, "STRIPE_CART_BASE_URL": None}, False),
        ({}, False),
    ],
)
def test_an_address_that_redirects_is_reported(settings: dict[str, Any], is_named: bool) -> None:
    numbers = message_ids(**{"STRIPE_CART_BASE_URL": "http://shop.example", **settings})

    assert ("W015" in numbers) is is_named
