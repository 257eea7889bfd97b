"""The settings: read when they are needed, with defaults that are promised in the docs."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site
from django.test import override_settings

from django_stripe_cart.conf import DEFAULT_API_VERSION, conf
from django_stripe_cart.models import Order

pytestmark = pytest.mark.stripe_sdk


def options(order: Order) -> dict[str, Any]:
    return {"allow_promotion_codes": True}


def test_without_any_setting_there_are_defaults() -> None:
    with override_settings():
        for name in [name for name in dir(site) if name.startswith("STRIPE_CART_")]:
            if name != "STRIPE_CART_PRODUCT_MODEL":  # put there when the first model is read
                delattr(site, name)

        assert conf.secret_key == ""
        assert conf.webhook_secrets == []
        assert conf.currency == "usd"
        assert conf.product_model == "stripe_cart.Product"
        assert conf.allow_guests is False
        assert conf.session_options is None
        assert conf.session_minutes == 60
        assert conf.api_base is None
        assert conf.api_version == DEFAULT_API_VERSION
        assert conf.base_url is None
        assert conf.livemode is False


@pytest.mark.parametrize(
    ("name", "value", "attribute", "read"),
    [
        ("SECRET_KEY", None, "secret_key", ""),
        ("SECRET_KEY", 1, "secret_key", "1"),
        ("SECRET_KEY", "sk_test_1", "secret_key", "sk_test_1"),
        ("SECRET_KEY", "sk_live_1", "livemode", True),
        ("SECRET_KEY", "rk_live_1", "livemode", True),
        ("SECRET_KEY", "rk_test_1", "livemode", False),
        ("WEBHOOK_SECRET", "whsec_1", "webhook_secrets", ["whsec_1"]),
        ("WEBHOOK_SECRET", ("whsec_1", "whsec_2"), "webhook_secrets", ["whsec_1", "whsec_2"]),
        ("WEBHOOK_SECRET", ["", "whsec_1", None], "webhook_secrets", ["whsec_1"]),
        ("WEBHOOK_SECRET", "", "webhook_secrets", []),
        ("WEBHOOK_SECRET", "whsec_1\n", "webhook_secrets", ["whsec_1"]),
        ("WEBHOOK_SECRET", 1, "webhook_secrets", []),
        ("CURRENCY", "EUR", "currency", "eur"),
        ("ALLOW_GUESTS", True, "allow_guests", True),
        ("SESSION_OPTIONS", "tests.test_conf.options", "session_options", options),
        ("SESSION_OPTIONS", "", "session_options", None),
        ("SESSION_MINUTES", 31, "session_minutes", 31),
        ("SESSION_MINUTES", "1439", "session_minutes", 1439),
        ("API_BASE", "http://127.0.0.1:12111/", "api_base", "http://127.0.0.1:12111"),
        ("API_BASE", "", "api_base", None),
        ("API_VERSION", "2026-01-28.clover", "api_version", "2026-01-28.clover"),
        ("BASE_URL", "https://shop.example/", "base_url", "https://shop.example"),
        ("BASE_URL", "", "base_url", None),
    ],
)
def test_a_setting_is_read_as_it_is_now(name: str, value: Any, attribute: str, read: Any) -> None:
    with override_settings(**{f"STRIPE_CART_{name}": value}):
        assert getattr(conf, attribute) == read


@pytest.mark.parametrize("minutes", [-1, 0, 30, 1440, None, "an hour", float("inf"), [60]])
def test_a_session_lasts_an_hour_where_stripe_would_not_allow_what_is_set(minutes: Any) -> None:
    with override_settings(STRIPE_CART_SESSION_MINUTES=minutes):
        assert conf.session_minutes == 60


def test_an_option_that_cannot_be_found_is_an_error_that_names_it() -> None:
    with (
        override_settings(STRIPE_CART_SESSION_OPTIONS="tests.test_conf.nothing"),
        pytest.raises(ImportError, match="nothing"),
    ):
        conf.session_options  # noqa: B018
