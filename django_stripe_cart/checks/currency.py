"""The currency that products are priced in, unless they say otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import conf
from django_stripe_cart.money import CURRENCIES, is_currency

NO_CURRENCY = mistake(
    "E003",
    "STRIPE_CART_CURRENCY is %(currency)r, which is no currency.",
    hint="Use a code of three letters, such as 'usd'.",
)
UNKNOWN_CURRENCY = mistake(
    "W010",
    "STRIPE_CART_CURRENCY is %(currency)r, which Stripe does not take, as far as we know.",
    hint="docs.stripe.com/currencies has them all. If it is there, silence this check.",
)


@checked
def currency() -> Iterable[CheckMessage]:
    if not is_currency(conf.currency):
        yield NO_CURRENCY(currency=conf.currency)
    elif conf.currency not in CURRENCIES:
        yield UNKNOWN_CURRENCY(currency=conf.currency)
