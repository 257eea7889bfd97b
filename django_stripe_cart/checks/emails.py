"""The e-mails to shoppers: which of them are sent."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import EMAIL_KINDS

UNKNOWN_EMAILS = mistake(
    "W026",
    "STRIPE_CART_EMAILS is %(value)r, and that names no e-mail of the shop.",
    hint='True for all, False for none, or some of ["paid", "fulfilled", "refunded", "failed"].',
)


@checked
def kinds() -> Iterable[CheckMessage]:
    value = getattr(settings, "STRIPE_CART_EMAILS", True)
    if isinstance(value, bool) or value is None:
        return
    is_list = isinstance(value, list | tuple | set | frozenset)
    unknown = [kind for kind in value if kind not in EMAIL_KINDS] if is_list else [value]
    if unknown:
        yield UNKNOWN_EMAILS(value=value)
