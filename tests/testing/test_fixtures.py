"""The fixtures, factories and mixin for tests of a host project."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone, translation

from django_stripe_cart.models import Order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.events import signed_event
from django_stripe_cart.testing.factories import make_cart, make_product, make_user
from django_stripe_cart.testing.invariants import violations
from django_stripe_cart.testing.sandbox import stripe_sandbox
from django_stripe_cart.testing.testcases import StripeCartMixin

MakeOrder = Callable[..., Order]


def test_the_fixtures_take_a_shopper_from_the_cart_to_a_paid_order(
    stripe_sandbox: Sandbox, shopper: Browser
) -> None:
    shopper.add(make_product("Mug"), 2)
    shopper.check_out()

    payment = stripe_sandbox.pay(shopper.order.session_url)

    assert shopper.follow(payment.redirect_url).status_code == 200
    assert (shopper.order.status, shopper.order.user) == ("paid", shopper.user)


@pytest.mark.parametrize("status", Order.Status.values)
def test_make_order_brings_an_order_to_any_status(
    stripe_sandbox: Sandbox, make_order: MakeOrder, status: str
) -> None:
    order = make_order(status)

    assert order.status == status
    assert violations(stripe_sandbox) == []


def test_make_order_needs_no_webhook(stripe_sandbox: Sandbox, make_order: MakeOrder) -> None:
    stripe_sandbox.hold_deliveries = True

    assert [make_order(status).status for status in ("fulfilled", "failed", "expired")] == [
        "fulfilled",
        "failed",
        "expired",
    ]


def test_make_order_takes_items_and_a_user(make_order: MakeOrder) -> None:
    user, mug = make_user(), make_product("Mug", price="3.00", stock=5)

    order = make_order("paid", items={mug: 2}, user=user)

    assert (order.user, order.total, order.items.get().product) == (user, 600, mug)


def test_a_cart_belongs_to_a_user_or_to_a_guest(db: None) -> None:
    mug, user = make_product("Mug"), make_user("ada")

    assert make_cart({mug: 3}).items.get().quantity == 3
    assert make_cart(user=user).user.get_username() == "ada"
    assert make_cart().token != make_cart().token


def test_a_signed_event_is_accepted(
    stripe_sandbox: Sandbox, make_order: MakeOrder, client: Client
) -> None:
    stripe_sandbox.hold_deliveries = True
    order = make_order()
    stripe_sandbox.pay(order.session_url)
    event = signed_event("checkout.session.completed", stripe_sandbox.sessions[0])

    answer = post(client, event)

    assert (answer.status_code, Order.objects.get().status) == (200, "paid")


@pytest.mark.parametrize("wrong", [{"secret": "whsec_other"}, {"timestamp": 1}])
def test_a_wrongly_signed_event_is_refused(
    stripe_sandbox: Sandbox, make_order: MakeOrder, client: Client, wrong: dict[str, Any]
) -> None:
    stripe_sandbox.hold_deliveries = True
    stripe_sandbox.pay(make_order().session_url)
    event = signed_event("checkout.session.completed", stripe_sandbox.sessions[0], **wrong)

    answer = post(client, event)

    assert (answer.status_code, Order.objects.get().status) == (400, "pending")


def post(client: Client, event: Any) -> Any:
    return client.post(
        reverse("stripe_cart_webhook"),
        event.body,
        content_type="application/json",
        headers=event.headers,
    )


def test_the_settings_are_overridden_and_restored(db: None, settings: Any) -> None:
    settings.STRIPE_CART_SECRET_KEY = "sk_live_of_the_host"

    with stripe_sandbox() as sandbox:
        key = django_settings.STRIPE_CART_SECRET_KEY
        assert key == "sk_test_sandbox"
        assert sandbox.sessions == []

    assert django_settings.STRIPE_CART_SECRET_KEY == "sk_live_of_the_host"


def test_webhooks_reach_a_site_that_redirects_to_https(
    settings: Any, make_order: MakeOrder, stripe_sandbox: Sandbox
) -> None:
    settings.SECURE_SSL_REDIRECT = True

    stripe_sandbox.pay(make_order().session_url)

    assert Order.objects.get().status == "paid"


class TestUnittest(StripeCartMixin, TestCase):
    """The mixin, as a host uses it."""

    def test_a_shopper_buys(self) -> None:
        shopper = self.make_shopper()
        shopper.add(make_product("Mug"))
        shopper.check_out()

        self.stripe_sandbox.pay(shopper.order.session_url)

        self.assertEqual(shopper.order.status, "paid")  # noqa: PT009

    def test_an_order_is_made(self) -> None:
        self.assertEqual(self.make_order("refunded").status, "refunded")  # noqa: PT009


def test_only_the_fixtures_import_pytest() -> None:
    program = (
        "import sys, importlib, pkgutil, django; django.setup();"
        "import django_stripe_cart.testing as testing;"
        "names = [m.name for m in pkgutil.walk_packages(testing.__path__, testing.__name__ + '.')];"
        "[importlib.import_module(n) for n in names if not n.endswith('.fixtures')];"
        "sys.exit('pytest' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], env=environment(), check=False)

    assert done.returncode == 0


def environment() -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }


@pytest.mark.django_db
def test_a_webhook_leaves_the_language_and_the_time_zone_of_the_request(
    stripe_sandbox: Sandbox, make_order: Callable[..., Order], settings: Any
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    order = make_order("pending")

    with translation.override("de"), timezone.override("Asia/Tokyo"):
        stripe_sandbox.pay(order.session_url)

        assert translation.get_language() == "de"
        assert timezone.get_current_timezone_name() == "Asia/Tokyo"
    assert Order.objects.get().status == "paid"


@pytest.mark.django_db
def test_products_have_names_in_any_script() -> None:
    first, second = make_product("茶碗"), make_product("急須")

    assert first.slug != second.slug
