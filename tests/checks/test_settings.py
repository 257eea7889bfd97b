"""Each misconfiguration is reported with a hint; a good configuration passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core import mail
from django.test import override_settings
from django.urls import include, path

from django_stripe_cart.models import Product
from tests.checks.messages import check_messages, message_ids

LOGIN = path("accounts/", include("django.contrib.auth.urls"))
SHOP = path("shop/", include("django_stripe_cart.urls"))
WEBHOOK = path("stripe/webhook/", include("django_stripe_cart.webhook_urls"))


def find_shop() -> str:
    raise AssertionError("A check must not call it: it may need a request.")


MISTAKES = [
    ("E011", {"STRIPE_CART_BASE_URL": "shop.example"}),
    ("E012", {"STRIPE_CART_SESSION_OPTIONS": "tests.nowhere.options"}),
    ("E012", {"STRIPE_CART_SESSION_OPTIONS": "tests.settings.USE_TZ"}),
    ("W026", {"STRIPE_CART_EMAILS": "paid"}),
    ("W026", {"STRIPE_CART_EMAILS": ["paid", "thanks"]}),
    ("W026", {"STRIPE_CART_EMAILS": 1}),
    ("W001", {"STRIPE_CART_SECRET_KEY": ""}),
    ("W001", {"STRIPE_CART_SECRET_KEY": None}),
    ("E013", {"STRIPE_CART_SECRET_KEY": "pk_test_public"}),
    ("E013", {"STRIPE_CART_SECRET_KEY": "pk_live_public", "DEBUG": True}),
    ("E001", {"STRIPE_CART_SECRET_KEY": "whsec_1"}),
    ("E001", {"STRIPE_CART_SECRET_KEY": "sk_test_…"}),
    ("E001", {"STRIPE_CART_SECRET_KEY": b"sk_test_1"}),
    ("E001", {"STRIPE_CART_SECRET_KEY": "sk_test_"}),
    ("E001", {"STRIPE_CART_SECRET_KEY": " sk_test_1"}),
    ("E001", {"STRIPE_CART_SECRET_KEY": "sk_test_1\n"}),
    ("W002", {"STRIPE_CART_SECRET_KEY": "sk_live_1", "DEBUG": True}),
    ("W002", {"STRIPE_CART_SECRET_KEY": "rk_live_1", "DEBUG": True}),
    ("W003", {"STRIPE_CART_WEBHOOK_SECRET": None}),
    ("W003", {"STRIPE_CART_WEBHOOK_SECRET": []}),
    ("E002", {"STRIPE_CART_WEBHOOK_SECRET": ""}),
    ("E002", {"STRIPE_CART_WEBHOOK_SECRET": "  "}),
    ("E002", {"STRIPE_CART_WEBHOOK_SECRET": ["whsec_1", ""]}),
    ("E002", {"STRIPE_CART_WEBHOOK_SECRET": ("whsec_1", None)}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": 1}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": b"whsec_1"}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": {"new": "whsec_1"}}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": "sk_test_1"}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": ["whsec_1", "we_1"]}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": ["whsec_1", ["whsec_2"]]}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": "whsec_"}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": '"whsec_1"'}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": "whsec_1,whsec_2"}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": "whsec_1 whsec_2"}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": "whsec_1\nwhsec_2\n"}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": "whsec_1whsec_2"}),
    ("W009", {"STRIPE_CART_WEBHOOK_SECRET": "['whsec_1', 'whsec_2']"}),
    ("E016", {"STRIPE_CART_SHOP_ID": 1}),
    ("E016", {"STRIPE_CART_SHOP_ID": ""}),
    ("E016", {"STRIPE_CART_SHOP_ID": " "}),
    ("E016", {"STRIPE_CART_SHOP_ID": "north\n"}),
    ("E016", {"STRIPE_CART_SHOP_ID": "n" * 101}),
    ("W010", {"STRIPE_CART_CURRENCY": "xxx"}),
    ("E014", {"STRIPE_CART_API_VERSION": "latest"}),
    ("E014", {"STRIPE_CART_API_VERSION": None}),
    ("E003", {"STRIPE_CART_CURRENCY": "dollars"}),
    ("E003", {"STRIPE_CART_CURRENCY": "€"}),
    ("E003", {"STRIPE_CART_CURRENCY": ""}),
    ("E003", {"STRIPE_CART_CURRENCY": None}),
    ("E004", {"STRIPE_CART_SESSION_MINUTES": 30}),
    ("E004", {"STRIPE_CART_SESSION_MINUTES": 1440}),
    ("E004", {"STRIPE_CART_SESSION_MINUTES": "an hour"}),
    ("E004", {"STRIPE_CART_SESSION_MINUTES": None}),
    ("E005", {"STRIPE_CART_PRODUCT_MODEL": "nowhere.Product"}),
    ("E005", {"STRIPE_CART_PRODUCT_MODEL": "stripe_cart.Nothing"}),
    ("E005", {"STRIPE_CART_PRODUCT_MODEL": "Product"}),
    ("E006", {"STRIPE_CART_PRODUCT_MODEL": "auth.User"}),
    ("E007", {"STRIPE_CART_API_BASE": "http://127.0.0.1:12111", "DEBUG": False}),
    ("E007", {"STRIPE_CART_API_BASE": "https://evil.example", "DEBUG": False}),
    ("E008", {"STRIPE_CART_API_BASE": "https://evil.example", "DEBUG": True}),
    ("E008", {"STRIPE_CART_API_BASE": "http://127.0.0.1.evil.example", "DEBUG": True}),
    ("E008", {"STRIPE_CART_API_BASE": "http://127.0.0.1@evil.example", "DEBUG": True}),
    ("E008", {"STRIPE_CART_API_BASE": "127.0.0.1:12111", "DEBUG": True}),
    ("E008", {"STRIPE_CART_API_BASE": "http://[::1", "DEBUG": True}),
    ("W012", {"ROOT_URLCONF": (LOGIN, SHOP)}),
    ("W004", {"ROOT_URLCONF": (WEBHOOK,)}),
    ("W005", {"SESSION_COOKIE_SAMESITE": "Strict"}),
    ("W005", {"SESSION_COOKIE_SAMESITE": "strict"}),
    ("W006", {"ALLOWED_HOSTS": ["*"]}),
    ("W006", {"ALLOWED_HOSTS": ["shop.example", "*"], "STRIPE_CART_BASE_URL": ""}),
]

FINE = [
    {},
    {"STRIPE_CART_SECRET_KEY": "rk_test_1"},
    {"STRIPE_CART_SECRET_KEY": "sk_live_1", "DEBUG": False},
    {"STRIPE_CART_WEBHOOK_SECRET": ["whsec_1", "whsec_2"]},
    {"STRIPE_CART_WEBHOOK_SECRET": "whsec_1\n"},
    {"STRIPE_CART_WEBHOOK_SECRET": "whsec_c2VjcmV0+-/_="},
    {"STRIPE_CART_SHOP_ID": None},
    {"STRIPE_CART_SHOP_ID": "n" * 100},
    {"STRIPE_CART_SHOP_ID": find_shop},
    {"STRIPE_CART_CURRENCY": "EUR"},
    {"STRIPE_CART_SESSION_MINUTES": 31},
    {"STRIPE_CART_SESSION_MINUTES": 1439},
    {"STRIPE_CART_SESSION_MINUTES": "60"},
    {"STRIPE_CART_PRODUCT_MODEL": "stripe_cart.Product"},
    {"STRIPE_CART_API_BASE": "http://127.0.0.1:12111", "DEBUG": True},
    {"STRIPE_CART_API_BASE": "http://localhost:12111/", "DEBUG": True},
    {"STRIPE_CART_API_BASE": "http://[::1]:12111", "DEBUG": True},
    {"STRIPE_CART_API_BASE": None, "DEBUG": False},
    {"ROOT_URLCONF": (LOGIN, SHOP, WEBHOOK)},
    {"STRIPE_CART_API_VERSION": "2024-06-20"},
    {"SESSION_COOKIE_SAMESITE": "Lax"},
    {"ALLOWED_HOSTS": ["*"], "STRIPE_CART_BASE_URL": "https://shop.example"},
]


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in a test run, which turns DEBUG off whatever the settings say."""
    monkeypatch.delattr(mail, "outbox")


@pytest.mark.parametrize(("number", "settings"), MISTAKES)
def test_a_mistake_is_named_once(number: str, settings: dict[str, Any]) -> None:
    assert message_ids(**settings) == [number]


@pytest.mark.parametrize(("number", "settings"), MISTAKES)
def test_a_mistake_comes_with_a_hint(number: str, settings: dict[str, Any]) -> None:
    (message,) = check_messages(**settings)

    assert message.msg.endswith(".")
    assert message.hint
    assert message.is_serious() == number.startswith("E")


@pytest.mark.parametrize("settings", FINE)
def test_a_good_configuration_passes(settings: dict[str, Any]) -> None:
    assert message_ids(**settings) == []


def test_a_test_run_may_have_the_sandbox_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "outbox", [], raising=False)

    assert message_ids(STRIPE_CART_API_BASE="http://127.0.0.1:12111", DEBUG=False) == []


def test_a_secret_is_never_shown() -> None:
    (message,) = check_messages(STRIPE_CART_SECRET_KEY="whsec_mixed_up")

    assert "whsec_mixed_up" not in f"{message}{message.hint}"


@pytest.mark.parametrize("name", ["STRIPE_CART_SECRET_KEY", "STRIPE_CART_WEBHOOK_SECRET"])
def test_a_setting_that_is_missing_is_reported(name: str) -> None:
    with override_settings():
        delattr(site, name)

        assert message_ids() == ["W001" if name == "STRIPE_CART_SECRET_KEY" else "W003"]


def test_all_that_is_not_mounted_is_named_with_the_line_to_add() -> None:
    messages = check_messages(ROOT_URLCONF=())

    hints = " ".join(str(message.hint) for message in messages)
    assert [message.id for message in messages] == ["stripe_cart.W004", "stripe_cart.W012"]
    assert 'include("django_stripe_cart.urls")' in hints
    assert 'include("django_stripe_cart.webhook_urls")' in hints


def test_a_project_without_any_urls_passes() -> None:
    with override_settings():
        del site.ROOT_URLCONF

        assert message_ids() == []


def test_the_other_state_machine_is_found_beside_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    metadata = tmp_path / "django_fsm-2.8.2.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: django-fsm\nVersion: 2.8.2\n")
    monkeypatch.syspath_prepend(tmp_path)

    (message,) = check_messages()

    assert message.id == "stripe_cart.E009"
    assert "pip uninstall django-fsm," in str(message.hint)


def test_a_stock_field_that_the_model_does_not_have_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Product, "stock_field", "copies")

    (message,) = check_messages()

    assert message.id == "stripe_cart.E010"
    assert "'copies'" in message.msg


@pytest.mark.parametrize(
    ("module", "is_named"),
    [
        ("tests.no_migrations", True),
        ("tests.checks.empty", True),
        ("tests.conftest", True),
        (None, False),
        ("django_stripe_cart.migrations", False),
    ],
)
def test_a_product_table_without_a_migration_is_reported(
    module: str | None, is_named: bool
) -> None:
    messages = check_messages(MIGRATION_MODULES={"stripe_cart": module})

    assert [message.id for message in messages] == (["stripe_cart.W011"] if is_named else [])
    assert all("makemigrations stripe_cart" in str(message.hint) for message in messages)
