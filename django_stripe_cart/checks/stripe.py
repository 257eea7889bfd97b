"""The connection to Stripe: secret key, webhook secrets, API base and version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage

from django_stripe_cart.checks.registry import message, register_without_database
from django_stripe_cart.conf import conf

KEY_PATTERN = re.compile(r"(sk|rk)_(test|live)_\w+", re.ASCII)
# Stripe's own are letters and digits; a made-up one for the sandbox may have more.
SECRET_PATTERN = re.compile(r"whsec_(?!.*whsec_)[\w+/=-]+", re.ASCII)
LOOPBACK = ("127.0.0.1", "localhost", "::1")

NO_KEY = message(
    "W001",
    "STRIPE_CART_SECRET_KEY is not set: shoppers can't check out.",
    hint="Use a test key (sk_test_…) from dashboard.stripe.com/test/apikeys.",
)
MALFORMED_KEY = message(
    "E001",
    "STRIPE_CART_SECRET_KEY is not a Stripe secret key.",
    hint="It starts with sk_test_, sk_live_, rk_test_ or rk_live_, and has no spaces around it.",
)
PUBLISHABLE_KEY = message(
    "E013",
    "STRIPE_CART_SECRET_KEY is a publishable key, which can't create payments.",
    hint="Use the secret key (sk_…) shown beside it in Stripe's Dashboard.",
)
LIVE_KEY_WITH_DEBUG = message(
    "W002",
    "STRIPE_CART_SECRET_KEY is a live key, and DEBUG is on.",
    hint="Use a test key (sk_test_…) wherever DEBUG is on.",
)
NO_SECRET = message(
    "W003",
    "STRIPE_CART_WEBHOOK_SECRET is not set: every webhook will be refused.",
    hint="Set it to the secret (whsec_…) that Stripe shows beside the webhook endpoint.",
)
BLANK_SECRET = message(
    "E002",
    "STRIPE_CART_WEBHOOK_SECRET is empty: anyone could forge webhooks.",
    hint="Set it to the secret (whsec_…) that Stripe shows beside the webhook endpoint.",
)
MALFORMED_SECRET = message(
    "W009",
    "STRIPE_CART_WEBHOOK_SECRET is not a webhook secret: Stripe's webhooks will be refused.",
    hint="One secret is a str that starts with whsec_, without quotes in it; a key (sk_…) or an "
    'endpoint\'s id (we_…) does not work. Several are a list: ["whsec_…", "whsec_…"].',
)
SANDBOX_WITHOUT_DEBUG = message(
    "E007",
    "STRIPE_CART_API_BASE does not point to Stripe, and DEBUG is off.",
    hint="The sandbox is for development: remove the setting.",
)
SANDBOX_NOT_LOCAL = message(
    "E008",
    "STRIPE_CART_API_BASE is not on this machine.",
    hint="The sandbox listens on 127.0.0.1 only.",
)
MALFORMED_VERSION = message(
    "E014",
    "STRIPE_CART_API_VERSION is %(version)r, which is not a version of Stripe's API.",
    hint='Leave the setting out, or use a version such as "2025-09-30.clover".',
)


@register_without_database
def check_secret_key() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_SECRET_KEY is a secret key, and that it is not live if DEBUG is on."""
    if not conf.secret_key:
        yield NO_KEY()
    elif conf.secret_key.startswith("pk_"):
        yield PUBLISHABLE_KEY()
    elif not KEY_PATTERN.fullmatch(conf.secret_key):
        yield MALFORMED_KEY()
    elif conf.livemode and settings.DEBUG:
        yield LIVE_KEY_WITH_DEBUG()


@register_without_database
def check_webhook_secret() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_WEBHOOK_SECRET is a webhook secret, or a list of them."""
    value = getattr(settings, "STRIPE_CART_WEBHOOK_SECRET", None)
    secrets = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    if secrets in ([None], []):
        yield NO_SECRET()
    elif any(secret is None or str(secret).strip() == "" for secret in secrets):
        yield BLANK_SECRET()
    elif not all(is_webhook_secret(secret) for secret in secrets):
        yield MALFORMED_SECRET()


def is_webhook_secret(value: object) -> bool:
    """Return whether ``value`` looks like a webhook secret. White space around it is ignored."""
    return isinstance(value, str) and SECRET_PATTERN.fullmatch(value.strip()) is not None


@register_without_database
def check_api_base() -> Iterable[CheckMessage]:
    """If STRIPE_CART_API_BASE is set, check that it is on this machine and that DEBUG is on."""
    if conf.api_base and not settings.DEBUG and not _is_test_run():
        yield SANDBOX_WITHOUT_DEBUG()
    elif conf.api_base and _parse_host(conf.api_base) not in LOOPBACK:
        yield SANDBOX_NOT_LOCAL()


@register_without_database
def check_api_version() -> Iterable[CheckMessage]:
    """Check that STRIPE_CART_API_VERSION looks like a version of Stripe's API."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.\w+)?", str(conf.api_version)):
        yield MALFORMED_VERSION(version=conf.api_version)


def _is_test_run() -> bool:
    """Return whether Django's test runner is active."""
    # It turns DEBUG off, and adds this attribute.
    return hasattr(mail, "outbox")


def _parse_host(url: str) -> str | None:
    """Return the host of a URL, or None if the URL is malformed."""
    try:
        return urlsplit(url).hostname
    except ValueError:  # "http://[::1"
        return None
