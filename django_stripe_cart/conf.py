"""The settings of the app, with their defaults."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

DEFAULT_PRODUCT_MODEL = "stripe_cart.Product"

# The oldest API version that all supported SDKs (13 to 16) are made for. It is set explicitly, so
# that an upgrade of the SDK does not change it.
DEFAULT_API_VERSION = "2025-09-30.clover"
DEFAULT_SESSION_MINUTES = 60
EMAIL_KINDS = ("paid", "fulfilled", "refunded", "failed")


def parse_session_minutes(value: Any) -> int | None:
    """Return ``value``, the lifetime of a Checkout Session in minutes, as an int.

    Return None if the value is invalid. Stripe accepts 30 minutes to 24 hours
    (docs.stripe.com/api/checkout/sessions/create). The first and the last minute are excluded,
    because a request takes time and clocks differ.
    """
    try:
        minutes = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return minutes if 31 <= minutes <= 1439 else None


class Conf:
    """Accessor for the ``STRIPE_CART_*`` settings.

    Each access reads the setting again, so that ``override_settings`` works.
    """

    @property
    def secret_key(self) -> str:
        return str(getattr(settings, "STRIPE_CART_SECRET_KEY", "") or "")

    @property
    def api_key_digest(self) -> str:
        """Return a digest of the secret key (16 hex digits), which rows store instead of the key.

        For the same key, the digest in a sandbox differs from the digest at Stripe.
        """
        where = "sandbox" if self.api_base else "stripe"
        return hashlib.sha256(f"{where}:{self.secret_key}".encode()).hexdigest()[:16]

    @property
    def webhook_secrets(self) -> list[str]:
        """Return the list of webhook secrets. It has two while the shop replaces its secret."""
        value = getattr(settings, "STRIPE_CART_WEBHOOK_SECRET", "")
        secrets = value if isinstance(value, list | tuple | set | frozenset) else [value]
        # A secret that was read from a file ends with a newline.
        return [s.strip() for s in secrets if isinstance(s, str) and s.strip()]

    @property
    def shop_id(self) -> str | None:
        """Return the id of this shop, or None if ``STRIPE_CART_SHOP_ID`` is not set.

        The setting can be a function, for a project that serves several shops (tenants).
        """
        value = getattr(settings, "STRIPE_CART_SHOP_ID", None)
        value = value() if callable(value) else value
        return str(value) if value else None

    @property
    def currency(self) -> str:
        return str(getattr(settings, "STRIPE_CART_CURRENCY", "usd")).lower()

    @property
    def product_model(self) -> str:
        return cast(str, getattr(settings, "STRIPE_CART_PRODUCT_MODEL"))  # noqa: B009

    @property
    def allow_guests(self) -> bool:
        return bool(getattr(settings, "STRIPE_CART_ALLOW_GUESTS", False))

    @property
    def session_options(self) -> Callable[[Any], dict[str, Any]] | None:
        """Return the project's function that takes an ``Order`` and returns session parameters.

        Return None if ``STRIPE_CART_SESSION_OPTIONS`` is not set.
        """
        path = getattr(settings, "STRIPE_CART_SESSION_OPTIONS", None)
        return cast("Callable[[Any], dict[str, Any]]", import_string(path)) if path else None

    @property
    def has_session_options(self) -> bool:
        """Return whether ``session_options`` is set, without importing the function."""
        return bool(getattr(settings, "STRIPE_CART_SESSION_OPTIONS", None))

    @property
    def emails(self) -> frozenset[str]:
        """Return the kinds of e-mail to send, a subset of ``EMAIL_KINDS``.

        A system check reports unknown kinds.
        """
        value = getattr(settings, "STRIPE_CART_EMAILS", True)
        if isinstance(value, list | tuple | set | frozenset):
            return frozenset(EMAIL_KINDS).intersection(value)
        return frozenset(EMAIL_KINDS if value else ())

    @property
    def session_minutes(self) -> int:
        """Return the lifetime of a Checkout Session in minutes.

        Return the default if the setting is invalid, which a system check reports.
        """
        minutes = parse_session_minutes(getattr(settings, "STRIPE_CART_SESSION_MINUTES", None))
        return DEFAULT_SESSION_MINUTES if minutes is None else minutes

    @property
    def api_base(self) -> str | None:
        """Return the base URL of a sandbox to use instead of Stripe's API, or None."""
        base = cast("str | None", getattr(settings, "STRIPE_CART_API_BASE", None))
        return base.rstrip("/") if base else None

    @property
    def api_version(self) -> str:
        return cast(str, getattr(settings, "STRIPE_CART_API_VERSION", DEFAULT_API_VERSION))

    @property
    def base_url(self) -> str | None:
        """Return the URL of this site without a path, or None if the setting is missing."""
        base = cast("str | None", getattr(settings, "STRIPE_CART_BASE_URL", None))
        return base.rstrip("/") if base else None

    @property
    def livemode(self) -> bool:
        """Return whether the secret key is for Stripe's live mode, which moves real money."""
        return self.secret_key.startswith(("sk_live_", "rk_live_"))


conf = Conf()

# Django reads the setting of a swappable model by its name while it loads models, so the setting
# needs a value before that. AUTH_USER_MODEL has one in Django's global settings.
settings.STRIPE_CART_PRODUCT_MODEL = getattr(
    settings, "STRIPE_CART_PRODUCT_MODEL", DEFAULT_PRODUCT_MODEL
)
