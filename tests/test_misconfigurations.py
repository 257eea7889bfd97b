"""What hosts get wrong: it is named at start or by the doctor, and is no stack trace at checkout.

Each is tried as it would be met: the checks and the doctor are asked, then a shopper buys. Whatever
Stripe or the shop can't do is said in a sentence, its cause stands in the log, and once the mistake
is mended, the same cart is paid.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.models import User
from django.core import mail
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path, re_path

from django_stripe_cart.line_items import log_unsellable
from django_stripe_cart.models import Order, Product
from django_stripe_cart.models.product import AbstractProduct
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import messages_of

SHOP = path("shop/", include("django_stripe_cart.urls"))
WEBHOOK = path("stripe/webhook/", include("django_stripe_cart.webhook_urls"))
LOGIN = path("accounts/", include("django.contrib.auth.urls"))

# What the shopper reads, or that nothing keeps the shopper from paying.
PAYS = ""
NOT_HERE = "This shop can't take payments at the moment."
REFUSED = "The payment service refused this order."
UNREACHABLE = "The payment service can't be reached at the moment. Please try again."
NOT_FOR_SALE = "“Mug” is not for sale at the moment."
OUT_OF_STOCK = "“Mug” is out of stock."
# Or where the shopper is led instead.
TO_LOGIN = "/accounts/login/"
NO_PAGE = "404"


def page(request: HttpRequest, **words: str) -> HttpResponse:
    return HttpResponse("Any page of the host's.")


def without(*names: str) -> list[str]:
    return [one for one in site.MIDDLEWARE if not one.endswith(names)]


@dataclass(frozen=True)
class Mistake:
    """``sign``: a check's number or the doctor's words. ``logged``: what the log must name."""

    name: str
    sign: str
    shopper: str = PAYS
    logged: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    change: Callable[[pytest.MonkeyPatch, Path], None] | None = None
    fault: str = ""


def key(value: Any) -> dict[str, Any]:
    return {"STRIPE_CART_SECRET_KEY": value}


def pretend_no_test_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(mail, "outbox")


def install_django_fsm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    metadata = tmp_path / "django_fsm-2.8.2.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: django-fsm\nVersion: 2.8.2\n")
    monkeypatch.syspath_prepend(tmp_path)


def remove_as_line_item(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(AbstractProduct, "as_line_item")


def return_wrong_line_item(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(AbstractProduct, "as_line_item", {"name": "Mug"})


def misname_stock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Product, "stock_field", "copies")


REFUSES_KEY = "Stripe refuses STRIPE_CART_SECRET_KEY"
NO_KEY = "STRIPE_CART_SECRET_KEY is missing or malformed"
ELSEWHERE = {"STRIPE_CART_API_BASE": "https://evil.example", "DEBUG": True}
BOX = {"STRIPE_CART_API_BASE": "http://127.0.0.1:12111"}
HTTP = {"STRIPE_CART_BASE_URL": "http://testserver"}

MISTAKES = [
    # keys and the way to Stripe
    Mistake("no key", "W001", NOT_HERE, NO_KEY, key("")),
    Mistake("a placeholder for a key", "E001", NOT_HERE, NO_KEY, key("sk_test_…")),
    Mistake("a key with a line break", "E001", NOT_HERE, NO_KEY, key("sk_test_1\n")),
    Mistake("another secret for a key", "E001", NOT_HERE, REFUSES_KEY, key("whsec_1")),
    Mistake("the publishable key", "E013", NOT_HERE, REFUSES_KEY, key("pk_test_1")),
    Mistake("a live key with DEBUG", "W002", NOT_HERE, REFUSES_KEY,
        {**key("sk_live_1"), "DEBUG": True}),
    Mistake("a live key at the sandbox", "W002", NOT_HERE, "STRIPE_CART_API_BASE",
        {**key("sk_live_1"), **BOX, "DEBUG": True}),
    Mistake("a sandbox elsewhere", "E008", NOT_HERE, "STRIPE_CART_API_BASE", ELSEWHERE),
    Mistake("a sandbox without DEBUG", "E007", settings={**BOX, "DEBUG": False},
        change=pretend_no_test_run),
    Mistake("a key that was revoked", "Stripe rejects the key.", NOT_HERE, REFUSES_KEY,
        fault="unauthorized"),
    Mistake("Stripe out of reach", "Stripe can't be reached", UNREACHABLE, fault="reset_before"),
    Mistake("no version of the API", "E014", REFUSED, "was refused",
        {"STRIPE_CART_API_VERSION": "latest"}),
    # the webhook
    Mistake("no secret", "W003", settings={"STRIPE_CART_WEBHOOK_SECRET": None}),
    Mistake("a blank secret", "E002", settings={"STRIPE_CART_WEBHOOK_SECRET": " "}),
    Mistake("a key for a secret", "W009", settings={"STRIPE_CART_WEBHOOK_SECRET": "sk_test_1"}),
    Mistake("another endpoint's secret", "No webhook has ever arrived",
        settings={"STRIPE_CART_WEBHOOK_SECRET": "whsec_of_another"}),
    Mistake("an endpoint at another address", "/stripe/webhook/, but the webhook is at https:",
        settings={"STRIPE_CART_BASE_URL": "https://testserver"}),
    Mistake("a webhook that is not mounted", "W012", settings={"ROOT_URLCONF": (LOGIN, SHOP)}),
    Mistake("a webhook in a language", "W013",
        settings={"ROOT_URLCONF": (LOGIN, SHOP, *i18n_patterns(WEBHOOK))}),
    Mistake("a webhook behind another page", "W014",
        settings={"ROOT_URLCONF": (LOGIN, SHOP, re_path(r"^stripe/(?P<slug>.*)$", page), WEBHOOK)}),
    Mistake("a webhook that is redirected", "W015",
        settings={**HTTP, "SECURE_SSL_REDIRECT": True, "SECURE_REDIRECT_EXEMPT": ["^shop/"]}),
    # what is sold
    Mistake("no currency", "E003", NOT_FOR_SALE, settings={"STRIPE_CART_CURRENCY": "dollars"}),
    Mistake("a currency unknown to Stripe", "W010", REFUSED, "currency",
        {"STRIPE_CART_CURRENCY": "xxx"}),
    Mistake("products that don't say what they sell", "E006", NOT_FOR_SALE,
        "Product.as_line_item() returns no LineItem", change=remove_as_line_item),
    Mistake("products that answer something else", "E006", NOT_FOR_SALE,
        "Product.as_line_item() returns no LineItem", change=return_wrong_line_item),
    Mistake("stock in a column that is not there", "E010", OUT_OF_STOCK, change=misname_stock),
    Mistake("a product without migrations", "W011",
        settings={"MIGRATION_MODULES": {"stripe_cart": "tests.checks.empty"}}),
    # the session at Stripe
    Mistake("a session of any length", "E004", settings={"STRIPE_CART_SESSION_MINUTES": "long"}),
    Mistake("options that can't be found", "E012", NOT_HERE, "STRIPE_CART_SESSION_OPTIONS",
        {"STRIPE_CART_SESSION_OPTIONS": "tests.nowhere.options"}),
    Mistake("options that are no function", "E012", NOT_HERE, "STRIPE_CART_SESSION_OPTIONS",
        {"STRIPE_CART_SESSION_OPTIONS": "tests.settings.STATIC_URL"}),
    Mistake("an address without a scheme", "E011", REFUSED, "success_url",
        {"STRIPE_CART_BASE_URL": "shop.example"}),
    # the site around the shop
    Mistake("a shop that is not mounted", "W004", NO_PAGE,
        settings={"ROOT_URLCONF": (LOGIN, WEBHOOK)}),
    Mistake("any host", "W006",
        settings={"ALLOWED_HOSTS": ["*"], "STRIPE_CART_BASE_URL": None}),
    Mistake("a cookie that does not come back", "W005",
        settings={"SESSION_COOKIE_SAMESITE": "Strict"}),
    Mistake("a policy without Stripe", "W008", settings={"SECURE_CSP": {"form-action": []}}),
    Mistake("a policy without our files", "W016", settings={"SECURE_CSP": {"script-src": []}}),
    Mistake("nobody signed in", "W017", TO_LOGIN,
        settings={"MIDDLEWARE": without("AuthenticationMiddleware")}),
    Mistake("no sessions", "W018", TO_LOGIN, settings={
        "MIDDLEWARE": without("AuthenticationMiddleware", "SessionMiddleware", "MessageMiddleware"),
        "STRIPE_CART_ALLOW_GUESTS": True}),
    Mistake("no messages", "W019", settings={"MIDDLEWARE": without("MessageMiddleware")}),
    Mistake("a login that is not there", "W022", settings={"LOGIN_URL": "/nowhere/"}),
    Mistake("two state machines", "E009", change=install_django_fsm),
]  # fmt: skip


class Shopper:
    """Goes by addresses as they were mounted, whatever the host's settings are now."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)

    def restart_server(self) -> None:
        """Restart the server, which reads the middleware only once."""
        cookies = self.client.cookies
        self.client = Client()
        self.client.cookies = cookies

    def check_out(self) -> HttpResponse:
        cart = self.client.get("/shop/cart/").content.decode()
        seen = re.search(r'name="fingerprint"[^>]*value="([^"]*)"', cart)
        fingerprint = {"fingerprint": unescape(seen[1])} if seen else {}
        return self.client.post("/shop/checkout/", fingerprint)  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def _valid_settings(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the one mistake."""
    log_unsellable.cache_clear()  # a process logs each product once
    settings.STRIPE_CART_BASE_URL = "http://testserver"
    monkeypatch.setitem(site.DATABASES["default"], "OPTIONS", {"transaction_mode": "IMMEDIATE"})


@pytest.fixture
def shopper(user: User, mug: Product) -> Shopper:
    """With a mug in the cart from better days."""
    shopper = Shopper(user)
    shopper.client.post("/shop/cart/add/", {"product": mug.pk, "quantity": 1})
    return shopper


def visible_signs() -> str:
    """All that the checks and the doctor say."""
    output = StringIO()
    numbers = " ".join(str(message.id) for message in run_checks())
    try:
        call_command("stripe_cart_doctor", stdout=output, no_color=True)
    except CommandError:
        return numbers + output.getvalue()
    return numbers + output.getvalue()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_named_and_is_no_stack_trace_at_checkout(
    mistake: Mistake,
    sandbox: Sandbox,
    shopper: Shopper,
    mug: Product,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.MonkeyPatch.context() as patch, override_settings(**mistake.settings):
        if mistake.change:
            mistake.change(patch, tmp_path)
        if mistake.fault:
            sandbox.faults.add("*", kind=mistake.fault, times=None)
        shopper.restart_server()

        answer = shopper.check_out()

        assert_error_is_shown(answer, mistake.shopper)
        assert mistake.logged in caplog.text
        assert "Traceback" not in caplog.text
        assert mistake.sign in visible_signs()

    sandbox.faults.clear()
    shopper.restart_server()
    assert_pays(shopper, sandbox, mug)


def assert_error_is_shown(answer: HttpResponse, shopper: str) -> None:
    location = answer.headers.get("Location", "")
    if shopper == NO_PAGE:
        assert answer.status_code == 404
    elif shopper == TO_LOGIN:
        assert location.startswith(TO_LOGIN)
    elif shopper == PAYS:
        assert (answer.status_code, location) == (303, Order.objects.get().session_url)
    else:
        assert (answer.status_code, location) == (303, "/shop/cart/")
        assert messages_of(answer) == [shopper]
        assert not Order.objects.filter(status="paid").exists()


def assert_pays(shopper: Shopper, sandbox: Sandbox, mug: Product) -> None:
    """Once the mistake is mended, the same cart is paid, and one mug is gone from the stock."""
    answer = shopper.check_out()
    order = Order.objects.latest("pk")
    assert answer.headers["Location"] == order.session_url

    sandbox.pay(order.session_url)

    order = Order.objects.get(pk=order.pk)
    mug.refresh_from_db()
    assert (order.status, mug.stock) == ("paid", 9)


def test_more_than_twenty_mistakes_are_tried_and_each_has_its_sign() -> None:
    assert len(MISTAKES) >= 20
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)
    assert len({mistake.sign for mistake in MISTAKES}) >= 30


def test_a_shop_without_a_mistake_shows_none_of_the_signs(
    sandbox: Sandbox, shopper: Shopper, mug: Product
) -> None:
    assert_pays(shopper, sandbox, mug)

    said = visible_signs()

    assert [mistake.sign for mistake in MISTAKES if mistake.sign in said] == []
