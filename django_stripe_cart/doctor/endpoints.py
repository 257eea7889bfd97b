"""Diagnosis of the webhook endpoints at Stripe: their URL, event types, version and secret."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, advice, good, wrong
from django_stripe_cart.doctor.sandbox_secret import report_sandbox_secret
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.gateway import Endpoint
from django_stripe_cart.webhooks.endpoints import (
    endpoint_problems,
    find_default_version,
    webhook_url,
)

WEBHOOK_COMMAND = "python manage.py stripe_cart_webhook"


def diagnose_endpoints(path: str) -> Iterator[Finding]:
    """Report the endpoints at Stripe that send events to this site's webhook at ``path``.

    Also report what is wrong with an endpoint, and whether there are too many endpoints or none.
    """
    try:
        endpoints = gateway.list_endpoints()
    except PaymentError as error:
        yield advice(f"The endpoints can't be read from Stripe. {error.stripe_code}".rstrip())
        return
    ours = [endpoint for endpoint in endpoints if _is_ours(endpoint, path)]
    if not ours:
        yield _report_missing_endpoint(path, endpoints)
    default_version = find_default_version(ours)
    for endpoint in ours:
        yield from _report_endpoint(endpoint, default_version)
        if conf.webhook_secrets:
            yield from report_sandbox_secret(endpoint)
    yield from _report_rotation(len(ours))


def _is_ours(endpoint: Endpoint, path: str) -> bool:
    """Return whether an endpoint sends events to this site's webhook.

    If STRIPE_CART_BASE_URL is not set, only the path is compared.
    """
    url = webhook_url()
    return endpoint.url == url if url else urlsplit(endpoint.url).path == path


def _report_endpoint(endpoint: Endpoint, default_version: str) -> Iterator[Finding]:
    """Report what is wrong with an endpoint. If nothing is wrong, report its API version."""
    problems = list(endpoint_problems(endpoint, default_version=default_version))
    for problem in problems:
        yield wrong(f"{endpoint.id} at {endpoint.url}: {problem}", next=f"{WEBHOOK_COMMAND} rotate")
    if problems:
        return
    sends = f"Stripe sends all needed events to {endpoint.url}"
    if endpoint.api_version:
        yield good(f"{sends}, in {endpoint.api_version}.")
    elif default_version == conf.api_version:
        yield good(f"{sends}, in {default_version}, the account's default API version.")
    else:
        version = f"{default_version}" if default_version else "which no event shows yet"
        yield advice(
            f"{sends}, but in the account's default API version, {version}; this app uses "
            f"{conf.api_version}.",
            next=f"{WEBHOOK_COMMAND} rotate",
        )


def _report_rotation(count: int) -> Iterator[Finding]:
    """Report if there are several endpoints, because each endpoint has its own secret.

    ``count`` is the number of endpoints.
    """
    if count > max(1, len(conf.webhook_secrets)):
        yield wrong(
            f"Stripe sends events to {count} endpoints, and STRIPE_CART_WEBHOOK_SECRET "
            f"has {len(conf.webhook_secrets)}: the others are refused.",
            next="Make it a list of the new and the old secret.",
        )
    elif count > 1:
        yield advice("A secret is being rotated.", next=f"{WEBHOOK_COMMAND} retire")


def _report_missing_endpoint(path: str, endpoints: list[Endpoint]) -> Finding:
    """Report that none of the endpoints sends events to this site's webhook at ``path``."""
    url = webhook_url() or f"https://….example{path}"
    for endpoint in endpoints:
        if urlsplit(endpoint.url).path.strip("/") == path.strip("/"):
            return wrong(
                f"Stripe sends events to {endpoint.url}, but the webhook is at {url}.",
                next="Correct STRIPE_CART_BASE_URL, or the endpoint in Stripe's Dashboard.",
            )
    if conf.api_base:
        return wrong(
            "The sandbox sends no events to this site.",
            next=f"python manage.py stripe_sandbox --webhook http://127.0.0.1:8000{path}",
        )
    if settings.DEBUG and not conf.livemode:
        return advice(
            "No webhook endpoint points to this site. "
            "That is fine if the Stripe CLI forwards events.",
            next=f"stripe listen --forward-to 127.0.0.1:8000{path}",
        )
    option = "" if conf.base_url else f" --url {url}"
    return wrong(
        "No webhook endpoint points to this site.", next=f"{WEBHOOK_COMMAND} create{option}"
    )
