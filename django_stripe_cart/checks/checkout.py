"""How a Checkout Session is made: how long it lasts, and what the host adds to it."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import DEFAULT_SESSION_MINUTES, conf, read_minutes

STRANGE_MINUTES = mistake(
    "E004",
    "STRIPE_CART_SESSION_MINUTES must be a whole number from 31 to 1439; meanwhile it is 60.",
    hint="Stripe keeps a session open for 30 minutes to 24 hours; 60 is the default.",
)
NO_FUNCTION = mistake(
    "E012",
    "STRIPE_CART_SESSION_OPTIONS does not name a function.",
    hint='Use its dotted path, "shop.payments.session_options"; it gets the order.',
)


@checked
def session_minutes() -> Iterable[CheckMessage]:
    minutes = getattr(settings, "STRIPE_CART_SESSION_MINUTES", DEFAULT_SESSION_MINUTES)
    if read_minutes(minutes) is None:
        yield STRANGE_MINUTES()


@checked
def session_options() -> Iterable[CheckMessage]:
    try:
        works = conf.session_options is None or callable(conf.session_options)
    except (ImportError, AttributeError):
        works = False
    if not works:
        yield NO_FUNCTION()
