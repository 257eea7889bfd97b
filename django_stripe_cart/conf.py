"""The app's settings, read lazily."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

DEFAULT_PRODUCT_MODEL = "stripe_cart.Product"

# The oldest API version that all supported SDKs (13 to 16) are made for. It is pinned, so that an
# upgrade of a host's SDK does not change the API version.
DEFAULT_API_VERSION = "2025-09-30.clover"
DEFAULT_SESSION_MINUTES = 60
EMAIL_KINDS = ("paid", "fulfilled", "refunded", "failed")


def parse_session_minutes(value: Any) -> int | None:
    """Return ``value`` as an int, the lifetime of a Checkout Session, or None if it is not valid.

    Stripe accepts 30 minutes to 24 hours (docs.stripe.com/api/checkout/sessions/create). A minute
    at either end is left for the duration of the request and for clocks that differ.
    """
    try:
        minutes = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return minutes if 31 <= minutes <= 1439 else None


class Conf:
    """The ``STRIPE_CART_*`` settings, read at each access, so that ``override_settings`` works."""

    @property
    def secret_key(self) -> str:
        return str(getattr(settings, "STRIPE_CART_SECRET_KEY", "") or "")

    @property
    def webhook_secrets(self) -> list[str]:
        """The webhook secrets: several while one is rotated. Empty ones are left out."""
        value = getattr(settings, "STRIPE_CART_WEBHOOK_SECRET", "")
        secrets = value if isinstance(value, list | tuple | set | frozenset) else [value]
        return [s for s in secrets if isinstance(s, str) and s.strip()]

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
        """The host's function that takes an ``Order`` and returns Checkout Session parameters."""
        path = getattr(settings, "STRIPE_CART_SESSION_OPTIONS", None)
        return cast("Callable[[Any], dict[str, Any]]", import_string(path)) if path else None

    @property
    def has_session_options(self) -> bool:
        """Whether ``session_options`` is set, without importing it."""
        return bool(getattr(settings, "STRIPE_CART_SESSION_OPTIONS", None))

    @property
    def emails(self) -> frozenset[str]:
        """The kinds of e-mail to send, of ``EMAIL_KINDS``. A check reports unknown kinds."""
        value = getattr(settings, "STRIPE_CART_EMAILS", True)
        if isinstance(value, list | tuple | set | frozenset):
            return frozenset(EMAIL_KINDS).intersection(value)
        return frozenset(EMAIL_KINDS if value else ())

    @property
    def session_minutes(self) -> int:
        """The lifetime of a Checkout Session. A check reports an invalid value."""
        minutes = parse_session_minutes(getattr(settings, "STRIPE_CART_SESSION_MINUTES", None))
        return DEFAULT_SESSION_MINUTES if minutes is None else minutes

    @property
    def api_base(self) -> str | None:
        base = cast("str | None", getattr(settings, "STRIPE_CART_API_BASE", None))
        return base.rstrip("/") if base else None

    @property
    def api_version(self) -> str:
        return cast(str, getattr(settings, "STRIPE_CART_API_VERSION", DEFAULT_API_VERSION))

    @property
    def base_url(self) -> str | None:
        base = cast("str | None", getattr(settings, "STRIPE_CART_BASE_URL", None))
        return base.rstrip("/") if base else None

    @property
    def livemode(self) -> bool:
        """Whether the configured key is a live one, which moves real money."""
        return self.secret_key.startswith(("sk_live_", "rk_live_"))


conf = Conf()

# Django reads the setting of a swappable model by name, so it needs a value before models load, as
# AUTH_USER_MODEL has in Django's global settings.
settings.STRIPE_CART_PRODUCT_MODEL = getattr(
    settings, "STRIPE_CART_PRODUCT_MODEL", DEFAULT_PRODUCT_MODEL
)
