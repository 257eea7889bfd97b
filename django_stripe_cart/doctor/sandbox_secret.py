"""Diagnosis of the secret with which a sandbox signs its webhooks.

Stripe shows the secret of an endpoint only once, so this site can't compare it with
STRIPE_CART_WEBHOOK_SECRET. Instead, the sandbox signs a test event on request, and this site checks
the signature.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, good, wrong
from django_stripe_cart.doctor.webhook_probe import build_test_event
from django_stripe_cart.exceptions import InvalidWebhook
from django_stripe_cart.gateway import Endpoint
from django_stripe_cart.gateway.client import is_loopback_url
from django_stripe_cart.gateway.events import read_event

TIMEOUT = 2.0  # seconds
MAX_BYTES = 10_000


def report_sandbox_secret(endpoint: Endpoint) -> Iterator[Finding]:
    """Report whether the sandbox signs webhooks with a secret that this site accepts.

    ``endpoint`` is the endpoint to which the webhooks are sent. Report nothing if there is no
    sandbox, or if the sandbox can't sign test events.
    """
    body = build_test_event()
    signature = _request_signature(endpoint, body) if conf.api_base else None
    if signature is None:
        return
    try:
        read_event(body, signature)
    except InvalidWebhook:
        yield wrong(
            f"The sandbox signs webhooks to {endpoint.url} with another secret than "
            "STRIPE_CART_WEBHOOK_SECRET: they are refused.",
            next=f"python manage.py stripe_sandbox --webhook {endpoint.url} --secret whsec_…, "
            "with the value of STRIPE_CART_WEBHOOK_SECRET.",
        )
        return
    yield good(f"The sandbox signs webhooks to {endpoint.url} with your secret.")


def _request_signature(endpoint: Endpoint, body: bytes) -> str | None:
    """Ask the sandbox to sign ``body``. Return the signature, or None if there is none."""
    base = conf.api_base or ""
    if not is_loopback_url(base):
        return None
    parts = urlsplit(base)
    arguments = json.dumps({"endpoint": endpoint.id, "body": body.decode()})
    try:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
        connection.request(
            "POST",
            f"{parts.path}/_sandbox/sign_for_endpoint",
            arguments,
            {"Content-Type": "application/json"},
        )
        result = json.loads(connection.getresponse().read(MAX_BYTES))["result"]
        connection.close()
    except (OSError, HTTPException, KeyError, TypeError, ValueError):
        return None  # an older sandbox, or another program in its place
    return result if isinstance(result, str) else None
