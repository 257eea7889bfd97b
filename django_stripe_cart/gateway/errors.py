"""Stripe's failures in our words: refused for good, worth another try, or unknown."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.exceptions import (
    PaymentError,
    PaymentMissing,
    PaymentNotConfigured,
    PaymentRefused,
    PaymentRetryable,
    PaymentStuck,
    PaymentUnknown,
)

if TYPE_CHECKING:
    import stripe

logger = logging.getLogger("stripe_cart")

# docs.stripe.com/error-codes: those that a shopper can do something about.
MESSAGES: dict[str, Promise] = {
    "amount_too_small": _("The total is below the smallest amount that can be paid."),
    "amount_too_large": _("The total is above the largest amount that can be paid at once."),
}

# docs.stripe.com/api/errors: what no order is to blame for.
CONFIGURATION_ERRORS = {
    401: "Stripe refuses STRIPE_CART_SECRET_KEY.",
    403: "STRIPE_CART_SECRET_KEY may not do this at Stripe.",
}


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise our ``PaymentError`` for any failure of the SDK inside."""
    import stripe

    try:
        yield
    except stripe.StripeError as error:
        raise _payment_error(error) from _strip_context(error)
    # What the SDK stumbles over is no answer of Stripe's: it may have been done all the same.
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PaymentUnknown from _strip_context(error)


def _strip_context(error: Exception) -> Exception:
    """Without frames, the SDK's or those of the network below it.

    Their variables hold the key, and error pages and reports show variables.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def not_configured(why: str, *, code: str = "not_configured") -> PaymentNotConfigured:
    """The shopper reads that it does not work, the log why."""
    logger.error("%s Next: python manage.py stripe_cart_doctor", why)
    return PaymentNotConfigured(code=code)


def _payment_error(error: stripe.StripeError) -> PaymentError:
    kind = _error_class(error)
    # ``error.code`` is None for idempotency, rate limit and API errors; the body always knows.
    code = str(getattr(error.error, "code", None) or "")
    if kind is PaymentNotConfigured:
        return not_configured(CONFIGURATION_ERRORS[error.http_status or 0], code=code)
    param = str(getattr(error.error, "param", None) or "")
    return kind(MESSAGES.get(code), code=code, param=param)


def _error_class(error: stripe.StripeError) -> type[PaymentError]:
    import stripe

    status = error.http_status
    if isinstance(error, stripe.RateLimitError) or status in (409, 429, 502, 503, 504):
        return PaymentRetryable
    # A failure that was stored under the idempotency key comes back for ever.
    if (status or 0) >= 500 and (error.headers or {}).get("idempotent-replayed") == "true":
        return PaymentStuck
    if isinstance(error, stripe.APIConnectionError) or status == 424 or (status or 500) >= 500:
        return PaymentUnknown
    if error.error is None:  # a proxy's page: not Stripe's word, whatever its status
        return PaymentUnknown
    if status in CONFIGURATION_ERRORS:
        return PaymentNotConfigured
    if status == 404:
        return PaymentMissing
    if 400 <= (status or 0) < 500:
        return PaymentRefused
    return PaymentUnknown
