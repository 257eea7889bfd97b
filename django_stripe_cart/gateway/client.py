"""Every request to Stripe passes here: one client, pinned and patient, and no open transaction."""

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
from django_stripe_cart.gateway.deadlines import attempt_timeout
from django_stripe_cart.gateway.errors import not_configured, translate_errors

if TYPE_CHECKING:
    import stripe

Call = Callable[["stripe.StripeClient"], "stripe.StripeObject"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
PAGE_SIZE = 100  # the most that Stripe lists at once
MAX_RETRIES = 2

_transport: stripe.HTTPClient | None = None


def request(call: Call) -> dict[str, Any]:
    """Make one request and return its answer as plain data.

    A ``StripeObject`` is not a dict on every SDK, raises on fields that are unset, and pickles the
    API key with it: none leaves this function. Raises ``PaymentError``.
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
            raise ValueError("This is no object of Stripe's.")
        return data


def _check_key() -> None:
    """What can't be sent at all; of what can, Stripe is the judge."""
    if not re.fullmatch("[!-~]+", conf.secret_key):
        raise not_configured("STRIPE_CART_SECRET_KEY is missing, or no key.")


def _check_api_base() -> None:
    """No key leaves this machine but to Stripe, and a live one goes to Stripe only."""
    base = conf.api_base
    if base and (conf.livemode or not is_loopback_url(base)):
        raise not_configured("STRIPE_CART_API_BASE is for a sandbox on this machine only.")


def is_loopback_url(url: str) -> bool:
    try:
        return urlsplit(url).hostname in LOOPBACK_HOSTS
    except ValueError:  # "http://[::1"
        return False


def request_all(
    list_page: Callable[[stripe.StripeClient, Any], stripe.StripeObject], params: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield every row of a list, page by page, newest first. Raises ``PaymentError``."""
    params = {**params, "limit": PAGE_SIZE}
    while True:
        page = request(lambda client: list_page(client, params))
        yield from page["data"]
        if not page.get("has_more") or not page["data"]:
            return
        params["starting_after"] = page["data"][-1]["id"]


@contextmanager
def transport(http_client: stripe.HTTPClient) -> Iterator[None]:
    """Speak through ``http_client`` meanwhile: how tests reach the sandbox in their own process."""
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
    # Imported at the first call: 0.13 s and 31 MB that a process which never pays is spared.
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
    """The SDK logs whole requests and answers at DEBUG, with all that Stripe knows of a person.

    A host that has given its logger a level has decided otherwise.
    """
    logger = logging.getLogger("stripe")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
