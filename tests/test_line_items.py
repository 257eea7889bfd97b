"""Products that can't say what they cost: they are not for sale, and take down no page."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from django_stripe_cart.exceptions import AmountNotRepresentable
from django_stripe_cart.line_items import LineItem, log_unsellable
from django_stripe_cart.models import AbstractProduct, CartItem, Product
from django_stripe_cart.money import to_amount
from django_stripe_cart.testing.browser import Browser, messages_of


@pytest.fixture(autouse=True)
def nothing_logged() -> Iterator[None]:
    log_unsellable.cache_clear()
    yield
    log_unsellable.cache_clear()


def raise_lookup_error(product: Any) -> LineItem:
    whose = "Greta"
    raise LookupError(f"a bug of the host's, about {whose}")


BROKEN = {
    "raises": raise_lookup_error,
    "no name": lambda product: LineItem(None, 100, "inr"),  # type: ignore[arg-type]
    "an empty name": lambda product: LineItem("  ", 100, "inr"),
    "a price that is no int": lambda product: LineItem("Mug", 1.5, "inr"),  # type: ignore[arg-type]
    "no price": lambda product: LineItem("Mug", to_amount(None, "inr"), "inr"),  # type: ignore[arg-type]
    "something else": lambda product: {"name": "Mug"},
}


@pytest.fixture(params=BROKEN.values(), ids=BROKEN)
def broken(request: Any, browser: Browser, mug: Product, monkeypatch: Any) -> Product:
    """A product that was put into the cart before it broke."""
    browser.add(mug)
    monkeypatch.setattr(AbstractProduct, "as_line_item", request.param)
    return mug


def test_every_page_is_shown_and_the_product_can_be_removed(
    browser: Browser, broken: Product
) -> None:
    for url in ("/", "/shop/cart/", "/shop/orders/"):
        assert browser.client.get(url).status_code == 200
    assert messages_of(browser.check_out())[-1] == "“Mug” is not for sale at the moment."

    assert browser.remove(broken).status_code == 303

    assert not CartItem.objects.exists()
    assert browser.client.get("/").status_code == 200


def test_the_log_names_it_once_and_no_values(
    browser: Browser, mug: Product, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    browser.add(mug)
    monkeypatch.setattr(AbstractProduct, "as_line_item", raise_lookup_error)
    caplog.clear()

    for url in ("/", "/shop/cart/", "/"):
        browser.client.get(url)

    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "LookupError" in said
    assert "in raise_lookup_error" in said
    assert f"Product {mug.pk} is not for sale" in said
    assert "Greta" not in said


def test_a_picture_that_fails_is_no_picture(mug: Product, monkeypatch: Any) -> None:
    Product.objects.update(image="products/mug.png")

    def fail(storage: Any, name: str) -> str:
        raise OSError("The storage does not answer.")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.url", fail)

    assert Product.objects.get().as_line_item().image == ""


@pytest.mark.parametrize("value", [None, "10", object()])
def test_what_is_no_number_is_no_amount(value: Any) -> None:
    with pytest.raises(AmountNotRepresentable):
        to_amount(value, "inr")

    assert to_amount(Decimal("10"), "inr") == 1000
