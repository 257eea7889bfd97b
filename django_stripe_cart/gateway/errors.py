"""Translation of the SDK's exceptions into subclasses of ``PaymentError``."""

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
    PaymentPermanentlyFailed,
    PaymentRefused,
    PaymentRetryable,
    PaymentUnknown,
)

if TYPE_CHECKING:
    import stripe

logger = logging.getLogger("stripe_cart")

# Messages to shoppers for Stripe's error codes (docs.stripe.com/error-codes).
MESSAGES: dict[str, Promise] = {
    "amount_too_small": _("The total is below the minimum payment."),
    "amount_too_large": _("The total is above the maximum for a single payment."),
}

# Log messages for HTTP statuses that the configuration causes (docs.stripe.com/api/errors).
CONFIGURATION_ERRORS = {
    401: "Stripe refuses STRIPE_CART_SECRET_KEY.",
    403: "STRIPE_CART_SECRET_KEY may not do this at Stripe.",
}

NEXT_STEP = "Next: python manage.py stripe_cart_doctor"


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise a ``PaymentError`` instead of an exception that the SDK raises in the block.

    If the configuration is wrong, the error is logged, and the shopper gets a general message.
    """
    import stripe

    try:
        yield
    except stripe.StripeError as error:
        payment_error = _payment_error(error)
        if isinstance(payment_error, PaymentNotConfigured):
            logger.error("%s %s", CONFIGURATION_ERRORS[error.http_status or 0], NEXT_STEP)
        raise payment_error from _strip_context(error)
    # The SDK failed on the answer, so the request may have been carried out.
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PaymentUnknown from _strip_context(error)


def _strip_context(error: Exception) -> Exception:
    """Return ``error`` without its traceback and its cause.

    The frames of the SDK have variables that contain the API key, and error pages show variables.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _payment_error(error: stripe.StripeError) -> PaymentError:
    """Return the ``PaymentError`` to raise instead of an exception of the SDK."""
    kind = _error_class(error)
    # ``error.code`` is None for idempotency, rate limit and API errors; the body has the code.
    code = str(getattr(error.error, "code", None) or "")
    if kind is PaymentNotConfigured:
        return PaymentNotConfigured(stripe_code=code)
    param = str(getattr(error.error, "param", None) or "")
    return kind(MESSAGES.get(code), stripe_code=code, stripe_param=param)


def _error_class(error: stripe.StripeError) -> type[PaymentError]:
    """Return the subclass of ``PaymentError`` for an exception of the SDK."""
    import stripe

    status = error.http_status
    if isinstance(error, stripe.RateLimitError) or status in (409, 429, 502, 503, 504):
        return PaymentRetryable
    # Stripe has stored the failure for the idempotency key, and returns it every time.
    if (status or 0) >= 500 and (error.headers or {}).get("idempotent-replayed") == "true":
        return PaymentPermanentlyFailed
    if isinstance(error, stripe.APIConnectionError) or status == 424 or (status or 500) >= 500:
        return PaymentUnknown
    if error.error is None:  # the response is not Stripe's, but for example a proxy's error page
        return PaymentUnknown
    if status in CONFIGURATION_ERRORS:
        return PaymentNotConfigured
    if status == 404:
        return PaymentMissing
    if 400 <= (status or 0) < 500:
        return PaymentRefused
    return PaymentUnknown
