"""Amounts: what can be expressed, what is refused, and how people read them."""

from __future__ import annotations

import decimal
import re
from decimal import Decimal

import pytest
from django.conf import global_settings
from django.test import override_settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from django_stripe_cart import money
from django_stripe_cart.exceptions import AmountNotRepresentable, StripeCartError
from django_stripe_cart.money import (
    MAXIMUM_AMOUNT,
    MINIMUM_AMOUNTS,
    MoneyFormat,
    exponent,
    format_money,
    money_format,
    to_amount,
    to_decimal,
)
from django_stripe_cart.sandbox import currencies

# Written out again from docs.stripe.com/currencies, so that a slip in the code's lists shows.
WITHOUT_DECIMALS = [
    "bif",
    "clp",
    "djf",
    "gnf",
    "jpy",
    "kmf",
    "krw",
    "mga",
    "pyg",
    "rwf",
    "vnd",
    "vuv",
    "xaf",
    "xof",
    "xpf",
]
WITH_THREE_DECIMALS = ["bhd", "jod", "kwd", "omr", "tnd"]
WHOLE_ONLY = ["isk", "ugx"]
TWO_DECIMALS = ["usd", "eur", "gbp", "inr", "brl", "huf", "twd", "chf", "pln", "zar"]
LANGUAGES = ["en", "de", "fr", "ja", "hi", "pt-br", "de-at"]
CURRENCIES = ["usd", "inr", "jpy", "kwd", "eur", "isk", "sek", "zar"]


@pytest.mark.parametrize("currency", WITHOUT_DECIMALS)
def test_a_currency_without_decimals_is_counted_in_whole_units(currency: str) -> None:
    assert exponent(currency) == 0
    assert to_amount(Decimal("1500"), currency) == 1500


@pytest.mark.parametrize("currency", TWO_DECIMALS)
def test_most_currencies_are_counted_in_hundredths(currency: str) -> None:
    assert exponent(currency) == 2
    assert to_amount(Decimal("12.34"), currency) == 1234


@pytest.mark.parametrize("currency", WITH_THREE_DECIMALS)
def test_some_currencies_are_counted_in_thousandths_ending_in_zero(currency: str) -> None:
    assert exponent(currency) == 3
    assert to_amount(Decimal("1.230"), currency) == 1230
    with pytest.raises(AmountNotRepresentable):
        to_amount(Decimal("1.234"), currency)


@pytest.mark.parametrize("currency", WHOLE_ONLY)
def test_krona_and_shilling_have_two_decimals_at_stripe_and_must_be_whole(currency: str) -> None:
    assert exponent(currency) == 2
    assert to_amount(Decimal("100"), currency) == 10000
    with pytest.raises(AmountNotRepresentable):
        to_amount(Decimal("100.50"), currency)


@pytest.mark.parametrize("currency", ["huf", "twd"])
def test_forint_and_taiwan_dollar_are_charged_with_two_ordinary_decimals(currency: str) -> None:
    assert to_amount(Decimal("10.45"), currency) == 1045


def test_no_other_currency_is_special() -> None:
    special = {*WITHOUT_DECIMALS, *WITH_THREE_DECIMALS, *WHOLE_ONLY}

    assert {*money.ZERO_DECIMAL, *money.THREE_DECIMAL, *money.WHOLE_UNITS} == special


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        ("0.001", "usd"),
        ("12.345", "inr"),
        ("12.5", "jpy"),
        ("1E-999999", "usd"),
        ("0.00000000000000000000000000001", "usd"),
        # More digits than the decimal module keeps by itself: it would round them away.
        ("1.000000000000000000000000000000000001", "usd"),
        ("NaN", "usd"),
        ("sNaN", "usd"),
        ("Infinity", "usd"),
        ("-Infinity", "usd"),
        ("10000000000.00", "usd"),
        ("-10000000000.00", "usd"),
        ("1000000000000", "jpy"),
        ("1E+999999", "usd"),
    ],
)
def test_a_price_that_cannot_be_expressed_is_refused_and_never_rounded(
    value: str, currency: str
) -> None:
    with pytest.raises(AmountNotRepresentable):
        to_amount(Decimal(value), currency)


def test_a_refusal_can_be_caught_as_ours_and_as_a_value_error() -> None:
    assert issubclass(AmountNotRepresentable, StripeCartError)
    assert issubclass(AmountNotRepresentable, ValueError)
    assert str(AmountNotRepresentable()) == "This price isn't possible in its currency."


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [
        ("0", "usd", 0),
        ("-0", "usd", 0),
        ("1.50000", "usd", 150),
        ("5E+2", "usd", 50000),
        ("-3.20", "eur", -320),
        ("9999999999.99", "usd", MAXIMUM_AMOUNT),
        ("999999999999", "jpy", MAXIMUM_AMOUNT),
    ],
)
def test_an_amount_is_an_int_however_its_decimal_was_written(
    value: str, currency: str, amount: int
) -> None:
    result = to_amount(Decimal(value), currency)

    assert result == amount
    assert type(result) is int


def test_a_host_that_computes_with_few_digits_changes_no_price() -> None:
    with decimal.localcontext(prec=4):
        assert to_amount(Decimal("123456.78"), "usd") == 12345678


@given(
    amount=st.integers(-MAXIMUM_AMOUNT, MAXIMUM_AMOUNT),
    currency=st.sampled_from(TWO_DECIMALS + WITHOUT_DECIMALS),
)
def test_every_amount_survives_the_way_to_decimal_and_back(amount: int, currency: str) -> None:
    assert to_amount(to_decimal(amount, currency), currency) == amount


@given(
    amount=st.integers(-MAXIMUM_AMOUNT // 10 + 1, MAXIMUM_AMOUNT // 10).map(lambda n: n * 10),
    currency=st.sampled_from(WITH_THREE_DECIMALS),
)
def test_every_amount_in_thousandths_survives_the_way_back(amount: int, currency: str) -> None:
    assert to_amount(to_decimal(amount, currency), currency) == amount


@given(
    value=st.decimals(allow_nan=True, allow_infinity=True),
    currency=st.sampled_from(["usd", "jpy", "kwd", "isk"]),
)
def test_any_decimal_is_either_expressed_exactly_or_refused(value: Decimal, currency: str) -> None:
    try:
        amount = to_amount(value, currency)
    except AmountNotRepresentable:
        return

    assert abs(amount) <= MAXIMUM_AMOUNT
    assert to_decimal(amount, currency) == value


@pytest.mark.parametrize(
    ("language", "amount", "currency", "text"),
    [
        ("en", 123456789, "usd", "$1,234,567.89"),
        ("en", 229750, "inr", "₹2,297.50"),
        ("en", 1234567, "jpy", "¥1,234,567"),
        ("en", 1234560, "kwd", "KWD 1,234.560"),
        ("en", 5, "eur", "€0.05"),
        ("en", 0, "usd", "$0.00"),
        ("en", 10000, "isk", "ISK 100.00"),
        ("en", 1000, "sek", "kr 10.00"),
        ("en", 1000, "cad", "CA$10.00"),
        ("de", 123456789, "usd", "1.234.567,89 $"),
        ("de", 229750, "inr", "2.297,50 ₹"),
        ("de", 1234567, "jpy", "1.234.567 ¥"),
        ("de", 1234560, "kwd", "1.234,560 KWD"),
        ("de", 5, "eur", "0,05 €"),
        ("fr", 123456789, "eur", "1 234 567,89 €"),
        ("fr", 1234560, "kwd", "1 234,560 KWD"),
        ("fr", 1234567, "jpy", "1 234 567 ¥"),
        ("ja", 1234567, "jpy", "¥1,234,567"),
        ("ja", 229750, "inr", "₹2,297.50"),
        ("ja", 1234560, "kwd", "KWD 1,234.560"),
        ("hi", 99900, "inr", "₹999.00"),
        ("hi", 5, "usd", "$0.05"),
        ("hi", 1234567890, "inr", "₹1,23,45,678.90"),
        ("ta", 12345678, "inr", "₹1,23,456.78"),
        ("es", 123456789, "eur", "1 234 567,89 €"),
        ("es-mx", 123456789, "mxn", "MX$1,234,567.89"),
        ("pt", 123456789, "eur", "1.234.567,89 €"),
        ("pt-br", 123456789, "brl", "R$ 1.234.567,89"),
        ("nl", 123456789, "eur", "€ 1.234.567,89"),
        ("uz", 123450, "usd", "1 234,50 $"),
        # Django says nothing of how they group.
        ("vi", 1234567, "vnd", "1.234.567 ₫"),
        ("ar", 123456789, "usd", "$1.234.567,89"),
        ("hi", 999, "jpy", "¥999"),
        ("de-at", 150, "eur", "1,50 €"),
        ("xx", 150, "eur", "€1.50"),
    ],
)
def test_an_amount_is_written_as_the_readers_language_does(
    language: str, amount: int, currency: str, text: str
) -> None:
    with translation.override(language):
        assert format_money(amount, currency) == text.replace(" ", money.NO_BREAK_SPACE)


@pytest.mark.parametrize(
    ("language", "text"), [("en", "-$1,234.50"), ("de", "-1.234,50 $"), ("hi", "-$1,234.50")]
)
def test_a_negative_amount_starts_with_its_sign(language: str, text: str) -> None:
    with translation.override(language):
        assert format_money(-123450, "usd") == text.replace(" ", money.NO_BREAK_SPACE)


@pytest.mark.parametrize("language", [code for code, name in global_settings.LANGUAGES])
def test_in_no_language_an_amount_breaks_across_lines_or_can_be_misread(language: str) -> None:
    with translation.override(language):
        text, style = format_money(123456789, "usd"), money_format("usd")

    assert not re.search(r"[ \t\n]", text)
    assert style["group"] != style["decimal"]
    assert re.sub(r"\D", "", text) == "123456789"


def test_decimals_that_are_zeros_can_be_left_out() -> None:
    with translation.override("de"):
        assert format_money(123400, "eur", is_whole=True) == "1.234\N{NO-BREAK SPACE}€"


def test_without_a_language_an_amount_is_written_all_the_same() -> None:
    with translation.override(None):
        assert format_money(150, "eur") == "€1.50"


def test_the_hosts_own_grouping_is_respected() -> None:
    # In a language for which Django has no grouping of its own.
    with override_settings(NUMBER_GROUPING=(4, 0)), translation.override("hi"):
        assert format_money(1234567890, "inr") == "₹1234,5678.90"
        assert money_format("inr")["groups"] == [4]


@given(
    amount=st.integers(-MAXIMUM_AMOUNT, MAXIMUM_AMOUNT),
    currency=st.sampled_from(CURRENCIES),
    language=st.sampled_from(LANGUAGES),
)
def test_the_browser_can_write_what_the_server_writes(
    amount: int, currency: str, language: str
) -> None:
    with translation.override(language):
        style, text = money_format(currency), format_money(amount, currency)

    assert write(amount, style) == text


def test_the_browser_can_write_groups_of_different_sizes() -> None:
    with translation.override("hi"):
        style, text = money_format("inr"), format_money(98765432109, "inr")

    assert write(98765432109, style) == text


def write(amount: int, style: MoneyFormat) -> str:
    """Apply a money format as a script would: with digits and strings, and no arithmetic."""
    digits = str(abs(amount)).rjust(style["digits"] + 1, "0")
    whole, fraction = (
        digits[: len(digits) - style["digits"]],
        digits[len(digits) - style["digits"] :],
    )
    sizes, groups = list(style["groups"]), []
    while sizes and len(whole) > sizes[0]:
        whole, group = whole[: -sizes[0]], whole[-sizes[0] :]
        groups.insert(0, group)
        if len(sizes) > 1:
            sizes.pop(0)
    number = style["group"].join([whole, *groups])
    number += style["decimal"] + fraction if fraction else ""
    return ("-" if amount < 0 else "") + style["prefix"] + number + style["suffix"]


def test_the_box_refuses_what_the_cart_warns_about() -> None:
    assert MINIMUM_AMOUNTS == currencies.MINIMUM
