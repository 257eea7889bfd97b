"""The secret key: there, of the right kind, and no live one where people try things out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings
from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import conf

SHAPE = re.compile(r"(sk|rk)_(test|live)_\w+", re.ASCII)

MISSING = mistake(
    "W001",
    "STRIPE_CART_SECRET_KEY is not set: nobody can check out.",
    hint="Take a test key (sk_test_…) from dashboard.stripe.com/test/apikeys.",
)
MALFORMED = mistake(
    "E001",
    "STRIPE_CART_SECRET_KEY is not a secret key of Stripe's.",
    hint="It starts with sk_test_, sk_live_, rk_test_ or rk_live_, and has no spaces around it.",
)
PUBLISHABLE = mistake(
    "E013",
    "STRIPE_CART_SECRET_KEY is the publishable key, which may not create payments.",
    hint="Take the secret key (sk_…) that stands beside it in Stripe's Dashboard.",
)
LIVE_WITH_DEBUG = mistake(
    "W002",
    "STRIPE_CART_SECRET_KEY is a live key, and DEBUG is on.",
    hint="Use a test key (sk_test_…) wherever DEBUG is on.",
)


@checked
def secret_key() -> Iterable[CheckMessage]:
    if not conf.secret_key:
        yield MISSING()
    elif conf.secret_key.startswith("pk_"):
        yield PUBLISHABLE()
    elif not SHAPE.fullmatch(conf.secret_key):
        yield MALFORMED()
    elif conf.livemode and settings.DEBUG:
        yield LIVE_WITH_DEBUG()
