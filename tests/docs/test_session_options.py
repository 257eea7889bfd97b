"""The page on taxes and shipping: the sandbox takes its example, and plays what the table says."""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import Any

import pytest

from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.api.session_parameters import FIELDS
from django_stripe_cart.testing.browser import Browser
from tests.docs.pages import examples, read

pytestmark = pytest.mark.stripe_sdk

PAGE = "docs/how-to/tax-shipping-promotions.md"
REFUSED: list[Any] = [
    {"customer": "cus_123"},
    {"shipping_options": [{"shipping_rate": "shr_123"}]},
    {"discounts": [{"promotion_code": "promo_123"}]},
    {"unheard_of": True},
]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, settings: Any) -> ModuleType:
    """The host's module, with the page's function in it."""
    (example,) = [one for one in examples("python") if one.page == PAGE and "def " in one.text]
    module = ModuleType("shop.checkout")
    exec(example.text, vars(module))
    monkeypatch.setitem(sys.modules, "shop.checkout", module)
    settings.STRIPE_CART_SESSION_OPTIONS = "shop.checkout.session_options"
    return module


def check_out(browser: Browser, mug: Product) -> Order:
    browser.add(mug)
    browser.check_out()
    return browser.order


def test_the_example_is_paid_with_its_shipping(
    browser: Browser, mug: Product, sandbox: Sandbox, shop: ModuleType
) -> None:
    order = check_out(browser, mug)

    sandbox.pay(order.session_url)

    assert browser.order.status == "paid"
    assert browser.order.amount_paid == order.total + 490


@pytest.mark.parametrize("options", REFUSED, ids=lambda options: next(iter(options)))
def test_what_the_page_says_is_refused_closes_the_order(
    browser: Browser, mug: Product, shop: ModuleType, options: Any
) -> None:
    vars(shop)["session_options"] = lambda order: options

    assert not check_out(browser, mug).is_pending


def test_what_the_page_says_is_taken_is_known_to_the_sandbox() -> None:
    rows = re.findall(r"^\| (`.+?) \| (?:takes|plays|shows) ", read(PAGE), re.M)
    options = set(re.findall(r"`(\w+)`", " ".join(rows))) - {"coupon", "shipping_rate_data"}

    assert {"shipping_options", "locale"} <= options
    assert options <= FIELDS.keys()
