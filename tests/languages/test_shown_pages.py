"""What a reader of another language meets: sentences, amounts, dates, and no English between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from django_stripe_cart import exceptions
from django_stripe_cart.cart.contents import stock_message
from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import messages_of
from django_stripe_cart.testing.factories import make_product
from tests.support.catalogs import LOCALE
from tests.support.languages import BrowserIn, read

LANGUAGES = sorted(path.name for path in LOCALE.iterdir())

MakeOrder = Callable[..., Order]


# --- amounts and dates -------------------------------------------------------------------------

# As of two vases for 1234.50, on the fifth of March. Spaces in amounts break no line.
WRITTEN = [
    ("de", "1.234,50 €", "2.469,00 €", "5. März 2026"),
    ("es", "1 234,50 €", "2 469,00 €", "5 de marzo de 2026"),
    ("fr", "1 234,50 €", "2 469,00 €", "5 mars 2026"),
    ("hi", "€1,234.50", "€2,469.00", "5 मार्च 2026"),
]


@pytest.mark.parametrize(("language", "price", "total", "date"), WRITTEN)
def test_the_cart_has_the_readers_amounts(
    browser_in: BrowserIn, vase: Product, language: str, price: str, total: str, date: str
) -> None:
    browser = browser_in(language)
    browser.add(vase, 2)

    page = read(browser, "/shop/cart/")

    for amount in (price, total):
        assert amount.replace(" ", "\N{NO-BREAK SPACE}") in page
    assert 'value="2"' in page


@pytest.mark.parametrize(("language", "price", "total", "date"), WRITTEN)
def test_an_order_has_the_readers_amounts_and_dates(
    browser_in: BrowserIn,
    make_order: MakeOrder,
    vase: Product,
    user: User,
    language: str,
    price: str,
    total: str,
    date: str,
) -> None:
    order = make_order("paid", items={vase: 2}, user=user)
    Order.objects.update(placed_at=datetime(2026, 3, 5, 20, 7, tzinfo=UTC))  # 14:07 in Chicago

    page = read(browser_in(language), order.get_absolute_url())
    rows = read(browser_in(language), "/shop/orders/")

    for text in (page, rows):
        assert date in text
        assert total.replace(" ", "\N{NO-BREAK SPACE}") in text
    assert price.replace(" ", "\N{NO-BREAK SPACE}") in page


@pytest.mark.parametrize(("language", "price", "total", "date"), WRITTEN)
def test_so_has_the_admin(
    browser_in: BrowserIn,
    make_order: MakeOrder,
    vase: Product,
    admin_user: User,
    language: str,
    price: str,
    total: str,
    date: str,
) -> None:
    order = make_order("paid", items={vase: 2})
    Order.objects.update(placed_at=datetime(2026, 3, 5, 20, 7, tzinfo=UTC))
    staff_client = browser_in(language)
    staff_client.client.force_login(admin_user)

    page = read(staff_client, reverse("admin:stripe_cart_order_change", args=[order.pk]))

    assert date in page
    assert total.replace(" ", "\N{NO-BREAK SPACE}") in page


def test_lakhs_are_grouped_as_in_india(browser_in: BrowserIn, settings: Any, db: None) -> None:
    settings.STRIPE_CART_CURRENCY = "inr"
    browser = browser_in("hi")
    browser.add(make_product("Sofa", price="123456.50"), 2)

    assert "₹2,46,913.00" in read(browser, "/shop/cart/")


# --- sentences ---------------------------------------------------------------------------------


def test_a_german_buys(browser_in: BrowserIn, vase: Product, sandbox: Sandbox) -> None:
    browser = browser_in("de")

    answer = browser.add(vase, 2)
    (said,) = messages_of(answer)
    assert said == "„Vase“ liegt in Ihrem Warenkorb. Zwischensumme: 2.469,00\N{NO-BREAK SPACE}€"
    page = browser.open_cart()
    for words in (
        "Ihr Warenkorb",
        "Zwischensumme (2\N{NO-BREAK SPACE}Artikel)",
        "Zur Kasse",
        "Nur noch 2 vorrätig",
    ):
        assert words in page
    browser.check_out(page=page)
    back = browser.follow(sandbox.pay(browser.order.session_url).redirect_url)
    number = browser.order.number
    thanks = back.content.decode()
    assert f"Vielen Dank! Bestellung {number} ist bezahlt." in thanks
    assert "Vielen Dank. Ihre Zahlung ist eingegangen." in thanks
    assert "Noch einmal bestellen" in thanks
    assert "Bezahlt" in read(browser, "/shop/orders/")


def test_what_stands_in_the_way_is_said_in_german(
    browser_in: BrowserIn, vase: Product, sandbox: Sandbox
) -> None:
    browser = browser_in("de")
    assert messages_of(browser.check_out()) == ["Ihr Warenkorb ist leer."]
    assert messages_of(browser.add(vase, 1000))[-1] == (
        "Bitte wählen Sie eine ganze Zahl von 1 bis 999."
    )
    missing = browser.client.post("/shop/cart/add/", {"product": 0})
    assert messages_of(missing)[-1] == "Dieses Produkt ist derzeit nicht erhältlich."
    assert messages_of(browser.add(vase, 3))[-1] == "Nur noch 2 Stück von „Vase“ sind vorrätig."

    browser.add(vase)
    seen = browser.open_cart()
    Product.objects.update(price="1300.00")
    assert messages_of(browser.check_out(page=seen))[-2:] == [
        "Ihr Warenkorb hat sich geändert. Bitte prüfen Sie ihn, bevor Sie zur Kasse gehen.",
        "„Vase“ kostet jetzt 1.300,00\N{NO-BREAK SPACE}€.",
    ]
    sandbox.faults.add("POST /v1/checkout/sessions", kind="timeout_before", times=3)
    assert messages_of(browser.check_out())[-1] == (
        "Der Zahlungsdienst ist gerade nicht erreichbar. Bitte versuchen Sie es noch einmal."
    )


def test_a_program_reads_the_same_sentences(browser_in: BrowserIn, vase: Product) -> None:
    browser = browser_in("de")

    answer = browser.client.post(
        "/shop/checkout/", {"fingerprint": "[]"}, headers={"Accept": "application/json"}
    )

    (message,) = answer.json()["messages"]
    assert message["code"] == "empty_cart"
    assert message["text"] == "Ihr Warenkorb ist leer."


@pytest.mark.parametrize(
    ("language", "count", "sentence"),
    [
        ("de", 0, "„Mug“ ist ausverkauft."),
        ("de", 1, "Nur noch 1 Stück von „Mug“ ist vorrätig."),
        ("de", 2, "Nur noch 2 Stück von „Mug“ sind vorrätig."),
        ("es", 0, "No quedan existencias de «Mug»."),
        ("es", 1, "Solo queda 1 unidad de «Mug»."),
        ("es", 2, "Solo quedan 2 unidades de «Mug»."),
        ("fr", 0, "«\u202fMug\u202f» est en rupture de stock."),
        ("fr", 1, "Il ne reste que 1 exemplaire de «\u202fMug\u202f»."),
        ("fr", 2, "Il ne reste que 2 exemplaires de «\u202fMug\u202f»."),
    ],
)
def test_how_many_are_left_is_said_for_none_one_and_two(
    language: str, count: int, sentence: str
) -> None:
    with translation.override(language):
        assert stock_message("Mug", count) == sentence


@pytest.mark.parametrize(
    ("language", "endings"),
    [
        ("de", ["0 Bestellungen erledigt.", "1 Bestellung erledigt.", "2 Bestellungen erledigt."]),
        ("fr", ["0 commande.", "1 commande.", "2 commandes."]),  # nothing is singular here
        ("es", ["0 pedidos.", "1 pedido.", "2 pedidos."]),
        ("hi", ["0 ऑर्डर के लिए पूरा हुआ।", "1 ऑर्डर के लिए पूरा हुआ।", "2 ऑर्डरों के लिए पूरा हुआ।"]),
    ],
)
def test_orders_are_counted_from_none(language: str, endings: list[str]) -> None:
    one, many = "%(action)s: done for %(count)d order.", "%(action)s: done for %(count)d orders."

    with translation.override(language):
        said = [ngettext(one, many, n) % {"action": "X", "count": n} for n in range(3)]

    assert [text.endswith(ending) for text, ending in zip(said, endings, strict=True)] == [True] * 3


ERRORS = [
    error
    for error in vars(exceptions).values()
    if isinstance(error, type) and issubclass(error, StripeCartError)
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_translated_when_it_is_rendered(
    error: type[StripeCartError], language: str
) -> None:
    """Not in the language that was active when it was raised."""
    with translation.override("en"):
        raised = error()
        english = str(raised)

    with translation.override(language):
        assert str(raised) != english
    with translation.override("en"):
        assert str(raised) == english


def test_what_a_verb_refuses_can_be_read_in_another_language(make_order: MakeOrder) -> None:
    with translation.override("en"), pytest.raises(StripeCartError) as refused:
        fulfill_order(make_order("pending"))

    with translation.override("de"):
        assert str(refused.value) == "Nur eine bezahlte Bestellung kann abgeschlossen werden."
