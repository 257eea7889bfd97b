"""Conversion and formatting of amounts of money, which are ints in the smallest currency unit.

Each currency has the number of decimals that Stripe uses (https://docs.stripe.com/currencies). For
ISK and UGX, this number differs from ISO 4217: Stripe uses two decimals, which must be zero.
"""

from __future__ import annotations

import functools
import json
import re
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, localcontext
from typing import Any, TypedDict

from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils import formats, numberformat
from django.utils.translation import get_language

from django_stripe_cart.exceptions import AmountNotRepresentable

ZERO_DECIMAL = frozenset(
    {
        "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
        "xof", "xpf",
    }
)  # fmt: skip
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
WHOLE_UNITS = frozenset({"isk", "ugx"})
TWO_DECIMAL_CODES = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf
    chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnd hrk htg
    huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr
    mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek
    sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd xcg yer zar
    zmw
"""
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | {*TWO_DECIMAL_CODES.split()}

# Stripe only accepts multiples of these amounts (https://docs.stripe.com/currencies).
STEPS = dict.fromkeys(THREE_DECIMAL, 10) | dict.fromkeys(WHOLE_UNITS, 100)

MAXIMUM_AMOUNT = 999_999_999_999  # card payments allow twelve digits

# Stripe's minimum charges for a shop that is paid out in the same currency
# (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
MINIMUM_AMOUNTS = {
    "usd": 50, "eur": 50, "gbp": 30, "inr": 50, "jpy": 50, "aed": 200, "cad": 50, "aud": 50,
    "chf": 50, "czk": 1500, "dkk": 250, "hkd": 400, "huf": 17500, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "brl": 50,
}  # fmt: skip

SYMBOLS = {
    "usd": "$", "eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥", "aud": "A$", "cad": "CA$",
    "nzd": "NZ$", "hkd": "HK$", "sgd": "S$", "mxn": "MX$", "brl": "R$", "krw": "₩", "ils": "₪",
    "vnd": "₫", "thb": "฿", "php": "₱", "ngn": "₦", "uah": "₴", "try": "₺", "pln": "zł",
    "czk": "Kč", "sek": "kr", "nok": "kr", "dkk": "kr", "chf": "CHF",
}  # fmt: skip

# How languages write an amount, from CLDR. Numbers are formatted by Django.
# Amount first: 12,50 €.
AMOUNT_FIRST = frozenset(
    {
        "ast", "az", "be", "bg", "br", "bs", "ca", "cs", "da", "de", "dsb", "el", "es", "et", "eu",
        "fi", "fr", "gl", "hr", "hsb", "hu", "hy", "is", "it", "ka", "kk", "ky", "lb", "lt", "lv",
        "mk", "my", "nb", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tg",
        "tk", "tt", "uk", "uz", "vi",
    }
)  # fmt: skip
# Variants that write the symbol first, although their language does not.
SYMBOL_FIRST = frozenset({"es-ar", "es-co", "es-mx", "es-ni", "es-ve", "pt-br"})
# Symbol first, followed by a space: € 12,50.
SPACED = frozenset({"eo", "fa", "fy", "ia", "io", "mn", "ne", "nl", "os", "pt", "sw"})
# Grouped by lakhs and crores, 1,23,45,678. Django's formats don't have this.
INDIAN = frozenset({"bn", "hi", "ne", "pa", "ta", "te"})

# Unlike Python's default context, this one raises an exception instead of rounding.
EXACT = Context(prec=28, traps=[Inexact, InvalidOperation])

NO_BREAK_SPACE = "\u00a0"


class MoneyFormat(TypedDict):
    """Format of amounts of one currency in one language, for Python and for the browser's script.

    ``prefix`` and ``suffix`` contain the currency symbol, ``decimal`` and ``group`` are the
    separators, ``groups`` the sizes of the digit groups, and ``digits`` is the number of decimals.
    """

    prefix: str
    suffix: str
    decimal: str
    group: str
    groups: list[int]
    digits: int


def is_currency(code: str) -> bool:
    """Return whether ``code`` has three lower-case letters. Stripe may not support the currency."""
    return bool(re.fullmatch("[a-z]{3}", code))


def exponent(currency: str) -> int:
    """Return the number of decimals that Stripe uses for ``currency``."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def to_amount(value: Decimal, currency: str) -> int:
    """Convert a price in whole units of ``currency`` to an int in the smallest unit, and return it.

    Raises ``AmountNotRepresentable`` if the value would have to be rounded, is too high, or is no
    number.
    """
    try:
        with localcontext(EXACT):
            scaled = value.scaleb(exponent(currency))
            is_amount = abs(scaled) <= MAXIMUM_AMOUNT and scaled % STEPS.get(currency, 1) == 0
    except (DecimalException, AttributeError, TypeError):  # None, for a price on request
        is_amount = False
    if not is_amount:
        raise AmountNotRepresentable
    return int(scaled)


def to_decimal(amount: int, currency: str) -> Decimal:
    """Return ``amount`` (int, smallest currency unit) as a Decimal in whole units."""
    return Decimal(amount).scaleb(-exponent(currency))


def format_money(amount: int, currency: str, *, is_whole: bool = False) -> str:
    """Return ``amount`` (int, smallest currency unit) as text in the active language.

    With ``is_whole``, the text has no decimals. Then the decimals of the amount must be zeros.
    """
    style = money_format(currency)
    digits = style["digits"]
    whole, rest = divmod(abs(amount), 10**digits)
    number = numberformat.format(
        f"{whole}.{rest:0{digits}}",
        style["decimal"],
        decimal_pos=0 if is_whole else digits,
        grouping=(*style["groups"], 0),
        thousand_sep=style["group"],
        force_grouping=True,
    )
    sign = "-" if amount < 0 else ""
    return f"{sign}{style['prefix']}{number}{style['suffix']}"


def money_format(currency: str) -> MoneyFormat:
    """Return the format of amounts of ``currency`` in the active language."""
    return _money_format(get_language(), currency)


def money_format_json(currency: str) -> str:
    """Return ``money_format(currency)`` as JSON, for the script in the browser."""
    return json.dumps(money_format(currency))


@functools.cache
def _money_format(language_code: str | None, currency: str) -> MoneyFormat:
    """Return the format of amounts. It is cached, because a page has many amounts."""
    code = language_code or "en"
    language = code.split("-")[0]
    symbol = SYMBOLS.get(currency, currency.upper())
    after = language in AMOUNT_FIRST and code not in SYMBOL_FIRST
    gap = NO_BREAK_SPACE if after or language in SPACED or symbol.isalpha() else ""
    return {
        "prefix": "" if after else symbol + gap,
        "suffix": gap + symbol if after else "",
        "decimal": str(formats.get_format("DECIMAL_SEPARATOR", use_l10n=True)),
        "group": str(formats.get_format("THOUSAND_SEPARATOR", use_l10n=True)).replace(
            " ", NO_BREAK_SPACE
        ),
        "groups": _digit_groups() or ([3, 2] if language in INDIAN else [3]),
        "digits": exponent(currency),
    }


@receiver(setting_changed)
def _clear_formats(**kwargs: Any) -> None:
    """Clear the cached formats when a test overrides a setting."""
    _money_format.cache_clear()


def _digit_groups() -> list[int]:
    """Return Django's ``NUMBER_GROUPING`` as a list of sizes; it is empty without grouping."""
    grouping = formats.get_format("NUMBER_GROUPING", use_l10n=True)
    groups = list(grouping) if isinstance(grouping, list | tuple) else [int(grouping)]
    return [size for size in groups if size > 0]
