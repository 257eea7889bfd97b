"""Translate the SDK's exceptions to ours: refused, retryable, or with an unknown outcome."""

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

# For the codes of docs.stripe.com/error-codes that a shopper can do something about.
MESSAGES: dict[str, Promise] = {
    "amount_too_small": _("The total is below the minimum payment."),
    "amount_too_large": _("The total is above the maximum for a single payment."),
}

# HTTP statuses (docs.stripe.com/api/errors) caused by configuration, not by the order.
CONFIGURATION_ERRORS = {
    401: "Stripe refuses STRIPE_CART_SECRET_KEY.",
    403: "STRIPE_CART_SECRET_KEY may not do this at Stripe.",
}

NEXT_STEP = "Next: python manage.py stripe_cart_doctor"


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise a ``PaymentError`` in place of any exception of the SDK.

    What is wrong with the configuration goes to the log; the shopper gets a generic message.
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
    """Remove the frames of the SDK and of the HTTP library below it.

    Their variables hold the API key, and error pages and reports show variables.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _payment_error(error: stripe.StripeError) -> PaymentError:
    kind = _error_class(error)
    # ``error.code`` is None for idempotency, rate limit and API errors; the body has the code.
    code = str(getattr(error.error, "code", None) or "")
    if kind is PaymentNotConfigured:
        return PaymentNotConfigured(stripe_code=code)
    param = str(getattr(error.error, "param", None) or "")
    return kind(MESSAGES.get(code), stripe_code=code, stripe_param=param)


def _error_class(error: stripe.StripeError) -> type[PaymentError]:
    import stripe

    status = error.http_status
    if isinstance(error, stripe.RateLimitError) or status in (409, 429, 502, 503, 504):
        return PaymentRetryable
    # A failure that Stripe stored under the idempotency key is returned every time.
    if (status or 0) >= 500 and (error.headers or {}).get("idempotent-replayed") == "true":
        return PaymentPermanentlyFailed
    if isinstance(error, stripe.APIConnectionError) or status == 424 or (status or 500) >= 500:
        return PaymentUnknown
    if error.error is None:  # not Stripe's answer, but for example a proxy's error page
        return PaymentUnknown
    if status in CONFIGURATION_ERRORS:
        return PaymentNotConfigured
    if status == 404:
        return PaymentMissing
    if 400 <= (status or 0) < 500:
        return PaymentRefused
    return PaymentUnknown
