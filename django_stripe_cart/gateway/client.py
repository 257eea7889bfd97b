"""Send requests to Stripe, with the configured API version and within the deadline."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import django_stripe_cart
from django_stripe_cart.conf import conf
from django_stripe_cart.database import is_transaction_open
from django_stripe_cart.deadlines import (
    attempt_timeout,
    is_stripe_slow,
    is_time_left,
    waiting_for_stripe,
)
from django_stripe_cart.exceptions import (
    PaymentError,
    PaymentNotConfigured,
    PaymentRetryable,
    ShopBusy,
)
from django_stripe_cart.gateway.errors import NEXT_STEP, translate_errors

if TYPE_CHECKING:
    import stripe

logger = logging.getLogger("stripe_cart")

Call = Callable[["stripe.StripeClient"], "stripe.StripeObject"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
PAGE_SIZE = 100  # the maximum (docs.stripe.com/api/pagination)
MAX_RETRIES = 2

_transport: stripe.HTTPClient | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of Stripe.

    ``data`` is the JSON of the response as a dict. ``sent_at`` is the time in the ``Date`` header,
    at which Stripe sent the response by its own clock. ``sent_at`` is an aware datetime, or None if
    the time is not known.
    """

    data: dict[str, Any]
    sent_at: datetime | None


def request(call: Call) -> dict[str, Any]:
    """Send one request to Stripe, and return the response as a dict.

    ``call`` is a function that calls a method of the Stripe client. The SDK's ``StripeObject`` is
    not returned for three reasons: it is not a dict in every version of the SDK, it raises an
    exception for unset fields, and it contains the API key when it is pickled.

    Raises ``PaymentError`` if the request fails. Raises ``AssertionError`` if a database
    transaction is open, because the transaction would keep its locks until Stripe answers.
    """
    return request_answer(call).data


def request_answer(call: Call) -> Answer:
    """Send one request to Stripe like ``request``, and return the ``Answer``."""
    if is_transaction_open():
        raise AssertionError("Stripe must not be asked while a database transaction is open.")
    _check_settings()
    if not is_time_left():
        raise PaymentRetryable if is_stripe_slow() else ShopBusy
    try:
        with translate_errors(), waiting_for_stripe():
            return _read_answer(call(_current_client()))
    except PaymentError as error:
        error.sent_at = _read_date(getattr(error.__cause__, "headers", None))
        raise


def _read_answer(answer: stripe.StripeObject) -> Answer:
    """Return the ``Answer`` in an object of the SDK.

    Raises ``ValueError`` if the response is not a Stripe object.
    """
    response = answer.last_response
    if response is None or not isinstance(response.data, dict) or "object" not in response.data:
        raise ValueError("The answer is not a Stripe object.")
    return Answer(response.data, _read_date(response.headers))


def _read_date(headers: Any) -> datetime | None:
    """Return the time in the ``Date`` header of a response, or None."""
    try:
        date = parsedate_to_datetime(headers["Date"])
    except (KeyError, TypeError, ValueError):
        return None
    return date if date.tzinfo else None


def _check_settings() -> None:
    """Raise ``PaymentNotConfigured`` if the secret key is malformed, or if it must not be sent.

    The key must consist of characters that an HTTP header allows. A test mode key may be sent to
    Stripe, and to a sandbox on this machine. A live mode key may be sent only to Stripe.
    """
    base = conf.api_base
    if not re.fullmatch("[!-~]+", conf.secret_key):
        problem = "STRIPE_CART_SECRET_KEY is missing or malformed."
    elif base and (conf.livemode or not is_loopback_url(base)):
        problem = "STRIPE_CART_API_BASE is for a sandbox on this machine only."
    else:
        return
    logger.error("%s %s", problem, NEXT_STEP)
    raise PaymentNotConfigured(stripe_code="not_configured")


def is_loopback_url(url: str) -> bool:
    """Return whether the host of ``url`` is this machine."""
    try:
        return urlsplit(url).hostname in LOOPBACK_HOSTS
    except ValueError:  # "http://[::1"
        return False


def request_all(
    list_page: Callable[[stripe.StripeClient, Any], stripe.StripeObject], params: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield all objects of a list at Stripe, newest first. Raises ``PaymentError``.

    ``list_page`` is a function that calls a list method of the Stripe client with parameters. It is
    called for each page.
    """
    for answer in request_pages(list_page, params):
        yield from answer.data["data"]


def request_pages(
    list_page: Callable[[stripe.StripeClient, Any], stripe.StripeObject], params: dict[str, Any]
) -> Iterator[Answer]:
    """Yield the pages of a list at Stripe. The arguments are those of ``request_all``."""
    params = {**params, "limit": PAGE_SIZE}
    while True:
        answer = request_answer(lambda client: list_page(client, params))
        page = answer.data
        yield answer
        if not page.get("has_more") or not page["data"]:
            return
        params["starting_after"] = page["data"][-1]["id"]


@contextmanager
def transport(http_client: stripe.HTTPClient) -> Iterator[None]:
    """Use ``http_client`` for all requests in the ``with`` block. Tests use this for a sandbox."""
    global _transport
    before, _transport = _transport, http_client
    try:
        yield
    finally:
        _transport = before


def _current_client() -> stripe.StripeClient:
    """Return the Stripe client for the current settings and for the time until the deadline."""
    return _client(conf.secret_key, conf.api_base, conf.api_version, attempt_timeout(), _transport)


@functools.lru_cache(maxsize=16)
def _client(
    key: str,
    base: str | None,
    version: str,
    timeout: tuple[float, float],
    http_client: stripe.HTTPClient | None,
) -> stripe.StripeClient:
    """Return the Stripe client for these settings. The first call imports the SDK."""
    # The import takes 0.13 s and 31 MB.
    import stripe

    from django_stripe_cart.gateway.http import DeadlineHTTPClient

    stripe.enable_telemetry = False  # it writes a file into the home directory
    # At DEBUG, the SDK logs whole requests and responses, which contain personal data.
    sdk_logger = logging.getLogger("stripe")
    if sdk_logger.level == logging.NOTSET:
        sdk_logger.setLevel(logging.INFO)
    stripe.set_app_info(
        "django-stripe-cart",
        version=django_stripe_cart.__version__,
        url="https://pypi.org/project/django-stripe-cart/",
    )
    return stripe.StripeClient(
        key,
        stripe_version=version,
        base_addresses={"api": base} if base else {},
        max_network_retries=MAX_RETRIES,
        http_client=http_client or DeadlineHTTPClient(timeout),
    )
