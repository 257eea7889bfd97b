"""Send a signed test event to the site's own webhook."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from django.urls import get_script_prefix

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, good, wrong
from django_stripe_cart.gateway.events import sign

REASONS = {
    400: "the host is not in ALLOWED_HOSTS, or something changed the body on its way",
    403: "something before the webhook requires a login or a CSRF token",
    404: "another site or language answers there",
}


def build_test_event() -> bytes:
    """Return the body of a test event.

    This site accepts the event. Nothing changes, because there is no handler for its type.
    """
    event = {"id": "evt_doctor", "type": "stripe_cart.doctor", "data": {"object": {"id": "doctor"}}}
    return json.dumps({**event, "livemode": conf.livemode}).encode()


def deliver_test_event(path: str) -> Finding:
    """Post a signed test event to ``path`` in this process, and report the response."""
    body = build_test_event()
    base = urlsplit(conf.base_url or "")
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    response = client.post(
        # A web server removes the prefix (FORCE_SCRIPT_NAME) before Django sees the path.
        "/" + path.removeprefix(get_script_prefix()),
        body,
        content_type="application/json",
        headers={"Stripe-Signature": sign(body, conf.webhook_secrets[0])},
        secure=base.scheme != "http",
        SERVER_NAME=base.hostname or _find_host(),
    )
    if response.status_code == 200:
        return good(f"{path} accepts events signed with your secret.")
    if 300 <= response.status_code < 400:
        to = response.headers.get("Location", "")
        return wrong(
            f"{path} redirects to {to}: Stripe counts a redirected webhook as failed.",
            next="Keep logins, languages and other redirects away from the webhook's URL.",
        )
    reason = REASONS.get(response.status_code, "see the log")
    return wrong(f"{path} answers a valid event with {response.status_code}: {reason}.")


def _find_host() -> str:
    """Return a host that ALLOWED_HOSTS allows."""
    named = [host for host in settings.ALLOWED_HOSTS if host != "*"]
    return named[0].removeprefix(".") if named else "localhost"
