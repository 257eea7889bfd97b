"""Where Stripe's API is, and in which version it is spoken."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.conf import conf

LOOPBACK = ("127.0.0.1", "localhost", "::1")

SANDBOX_WITHOUT_DEBUG = mistake(
    "E007",
    "STRIPE_CART_API_BASE points away from Stripe, and DEBUG is off.",
    hint="The sandbox is for development: remove the setting.",
)
SANDBOX_ELSEWHERE = mistake(
    "E008",
    "STRIPE_CART_API_BASE is not on this machine.",
    hint="The sandbox listens on 127.0.0.1 only.",
)
NO_VERSION = mistake(
    "E014",
    "STRIPE_CART_API_VERSION is %(version)r, which is no version of Stripe's API.",
    hint='Leave the setting out, or use a version such as "2025-09-30.clover".',
)


@checked
def api_base() -> Iterable[CheckMessage]:
    if conf.api_base and not settings.DEBUG and not _is_test_run():
        yield SANDBOX_WITHOUT_DEBUG()
    elif conf.api_base and _host(conf.api_base) not in LOOPBACK:
        yield SANDBOX_ELSEWHERE()


@checked
def api_version() -> Iterable[CheckMessage]:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.\w+)?", str(conf.api_version)):
        yield NO_VERSION(version=conf.api_version)


def _is_test_run() -> bool:
    """Django's test runners turn DEBUG off, too, whatever the settings say; and keep an outbox."""
    return hasattr(mail, "outbox")


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # "http://[::1"
        return None
