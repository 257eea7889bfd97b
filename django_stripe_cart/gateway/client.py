"""Make requests to Stripe, with one client, a pinned API version and a deadline."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import django_stripe_cart
from django_stripe_cart.conf import conf
from django_stripe_cart.database import is_transaction_open
from django_stripe_cart.exceptions import PaymentNotConfigured
from django_stripe_cart.gateway.deadlines import attempt_timeout
from django_stripe_cart.gateway.errors import NEXT_STEP, translate_errors

if TYPE_CHECKING:
    import stripe

logger = logging.getLogger("stripe_cart")

Call = Callable[["stripe.StripeClient"], "stripe.StripeObject"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
PAGE_SIZE = 100  # the maximum (docs.stripe.com/api/pagination)
MAX_RETRIES = 2

_transport: stripe.HTTPClient | None = None


def request(call: Call) -> dict[str, Any]:
    """Make one request and return its answer as plain data.

    No ``StripeObject`` leaves this function: it is not a dict in every version of the SDK, raises
    for unset fields, and pickles the API key. Raises ``PaymentError``, or ``AssertionError`` if a
    database transaction is open: it would hold its locks until Stripe answers.
    """
    if is_transaction_open():
        raise AssertionError("Stripe must not be asked while a database transaction is open.")
    _check_key()
    _check_api_base()
    with translate_errors():
        answer = call(
            _client(conf.secret_key, conf.api_base, conf.api_version, attempt_timeout(), _transport)
        )
        data = answer.last_response.data  # type: ignore[union-attr]
        if not isinstance(data, dict) or "object" not in data:
            raise ValueError("The answer is not a Stripe object.")
        return data


def _check_key() -> None:
    """Reject keys that can't be sent in a header; Stripe validates the rest."""
    if not re.fullmatch("[!-~]+", conf.secret_key):
        logger.error("STRIPE_CART_SECRET_KEY is missing or malformed. %s", NEXT_STEP)
        raise PaymentNotConfigured(stripe_code="not_configured")


def _check_api_base() -> None:
    """Send test keys to Stripe or a sandbox on this machine, and live keys to Stripe only."""
    base = conf.api_base
    if base and (conf.livemode or not is_loopback_url(base)):
        logger.error("STRIPE_CART_API_BASE is for a sandbox on this machine only. %s", NEXT_STEP)
        raise PaymentNotConfigured(stripe_code="not_configured")


def is_loopback_url(url: str) -> bool:
    try:
        return urlsplit(url).hostname in LOOPBACK_HOSTS
    except ValueError:  # "http://[::1"
        return False


def request_all(
    list_page: Callable[[stripe.StripeClient, Any], stripe.StripeObject], params: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield every object of a list, page by page, newest first. Raises ``PaymentError``."""
    params = {**params, "limit": PAGE_SIZE}
    while True:
        page = request(lambda client: list_page(client, params))
        yield from page["data"]
        if not page.get("has_more") or not page["data"]:
            return
        params["starting_after"] = page["data"][-1]["id"]


@contextmanager
def transport(http_client: stripe.HTTPClient) -> Iterator[None]:
    """Use ``http_client`` for all requests inside, as tests do to reach a sandbox in process."""
    global _transport
    before, _transport = _transport, http_client
    try:
        yield
    finally:
        _transport = before


@functools.lru_cache(maxsize=8)
def _client(
    key: str,
    base: str | None,
    version: str,
    timeout: tuple[float, float],
    http_client: stripe.HTTPClient | None,
) -> stripe.StripeClient:
    # Imported at the first request: it costs 0.13 s and 31 MB.
    import stripe

    from django_stripe_cart.gateway.http import DeadlineHTTPClient

    stripe.enable_telemetry = False  # it writes a file into the home directory
    _keep_bodies_out_of_logs()
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


def _keep_bodies_out_of_logs() -> None:
    """Raise the level of the SDK's logger: at DEBUG it logs whole requests and answers.

    They contain personal data. A level that the host has set is kept.
    """
    sdk_logger = logging.getLogger("stripe")
    if sdk_logger.level == logging.NOTSET:
        sdk_logger.setLevel(logging.INFO)
