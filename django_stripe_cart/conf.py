"""Every setting of the app, read when it is needed, in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

DEFAULT_PRODUCT_MODEL = "stripe_cart.Product"

# The oldest API version that every supported SDK (13 to 16) speaks natively. Pinned here, so that
# an upgrade of the SDK in a host does not move the API under its orders.
DEFAULT_API_VERSION = "2025-09-30.clover"
DEFAULT_SESSION_MINUTES = 60
EMAIL_KINDS = ("paid", "fulfilled", "refunded", "failed")


def read_minutes(value: Any) -> int | None:
    """int, what Stripe takes as a session's lifetime (30 minutes to 24 hours); None otherwise."""
    try:
        minutes = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return minutes if 31 <= minutes <= 1439 else None


class Conf:
    """Reads ``STRIPE_CART_*`` settings lazily, so that ``override_settings`` just works."""

    @property
    def secret_key(self) -> str:
        return str(getattr(settings, "STRIPE_CART_SECRET_KEY", "") or "")

    @property
    def webhook_secrets(self) -> list[str]:
        """Several while a secret is being rotated; empty ones never count."""
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
        """The host's function of an ``Order`` that adds to a Checkout Session's parameters."""
        path = getattr(settings, "STRIPE_CART_SESSION_OPTIONS", None)
        return cast("Callable[[Any], dict[str, Any]]", import_string(path)) if path else None

    @property
    def has_session_options(self) -> bool:
        """Whether the host adds to a session: said without importing what may not be there."""
        return bool(getattr(settings, "STRIPE_CART_SESSION_OPTIONS", None))

    @property
    def emails(self) -> frozenset[str]:
        """The kinds of e-mail to send, of ``EMAIL_KINDS``. What is none is a check's business."""
        value = getattr(settings, "STRIPE_CART_EMAILS", True)
        if isinstance(value, list | tuple | set | frozenset):
            return frozenset(EMAIL_KINDS).intersection(value)
        return frozenset(EMAIL_KINDS if value else ())

    @property
    def session_minutes(self) -> int:
        """How long an address stays payable. A mistake in it is a check's business."""
        minutes = read_minutes(getattr(settings, "STRIPE_CART_SESSION_MINUTES", None))
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
        """Whether the configured key moves real money."""
        return self.secret_key.startswith(("sk_live_", "rk_live_"))


conf = Conf()

# A swappable model's setting has to exist before the first model is read, as AUTH_USER_MODEL does
# in Django's own global settings: migrations refer to it by name.
chosen = getattr(settings, "STRIPE_CART_PRODUCT_MODEL", DEFAULT_PRODUCT_MODEL)
settings.STRIPE_CART_PRODUCT_MODEL = chosen
