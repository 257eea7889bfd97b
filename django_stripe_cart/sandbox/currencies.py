"""Currencies, with their smallest units, minimum charges and maximum charges."""

from django_stripe_cart.sandbox.errors import ApiError, invalid_integer

ZERO_DECIMAL_CODES = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
TWO_DECIMAL_CODES = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf
    chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnd hrk htg
    huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr
    mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek
    sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd xcg yer zar
    zmw
"""
ZERO_DECIMAL = frozenset(ZERO_DECIMAL_CODES.split())
TWO_DECIMAL = frozenset(TWO_DECIMAL_CODES.split())
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
WHOLE_UNITS = frozenset({"isk", "ugx"})
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL

# In smallest units, for an account that is paid out in the currency of the charge.
MINIMUM = {
    "usd": 50, "eur": 50, "gbp": 30, "inr": 50, "jpy": 50, "aed": 200, "cad": 50, "aud": 50,
    "chf": 50, "czk": 1500, "dkk": 250, "hkd": 400, "huf": 17500, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "brl": 50,
}  # fmt: skip
MAXIMUM = 999_999_999_999

SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥"}


def decimal_places(currency: str) -> int:
    """Return the number of decimal places of a currency."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def format_amount(amount: int, currency: str) -> str:
    """Return an amount as text, such as `$12.50` or `1,250 KRW`.

    `amount` is in the smallest unit of the currency.
    """
    places = decimal_places(currency)
    text = f"{amount / 10**places:,.{places}f}" if places else f"{amount:,}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{text}" if symbol else f"{text} {currency.upper()}"


def check_representable(amount: int, currency: str, *, param: str) -> None:
    """Raise `ApiError` if an amount is not valid in its currency.

    In some currencies, an amount must be a multiple of 10 or 100, in the smallest unit. For
    example, an amount in KWD must be a multiple of 10.
    """
    step = 100 if currency in WHOLE_UNITS else 10 if currency in THREE_DECIMAL else 1
    if amount % step:
        raise invalid_integer(
            f"Invalid amount for {currency}: it must be divisible by {step}.", param
        )


def check_chargeable(amount: int, currency: str, *, param: str | None = None) -> None:
    """Raise `ApiError` if a total is too small or too large to be charged. Zero is allowed."""
    minimum = MINIMUM.get(currency, 1)
    if 0 < amount < minimum:
        least = format_amount(minimum, currency)
        raise ApiError(
            f"The total amount due must be at least {least}.", code="amount_too_small", param=param
        )
    if amount > MAXIMUM:
        most = format_amount(MAXIMUM, currency)
        raise ApiError(
            f"The total amount due must be no more than {most}.",
            code="amount_too_large",
            param=param,
        )
