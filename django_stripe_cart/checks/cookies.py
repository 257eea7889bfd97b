"""The session's cookie, which has to survive the way to Stripe and back."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import checked, mistake

STRICT = mistake(
    "W005",
    'SESSION_COOKIE_SAMESITE is "Strict": shoppers come back from Stripe signed out.',
    hint='Use "Lax", Django\'s default.',
)


@checked
def session_cookie() -> Iterable[CheckMessage]:
    if str(settings.SESSION_COOKIE_SAMESITE).lower() == "strict":
        yield STRICT()
