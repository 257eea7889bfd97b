"""A sandbox in the test process, connected to this site's webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.test import Client, override_settings
from django.urls import get_script_prefix, reverse
from django.utils import timezone, translation

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.sandbox import Sandbox

HOST = "http://testserver"
WEBHOOK_SECRET = "whsec_tests"  # noqa: S105

# These override the site's settings while its sandbox is in use.
SETTINGS: Mapping[str, str | None] = {
    "STRIPE_CART_SECRET_KEY": "sk_test_sandbox",
    "STRIPE_CART_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "STRIPE_CART_API_BASE": None,
}


@contextmanager
def stripe_sandbox() -> Iterator[Sandbox]:
    """Start a ``Sandbox``, which answers all calls to Stripe and sends webhooks to this site.

    During the ``with`` block, this site's settings for Stripe are overridden. The sandbox opens no
    socket, and stores nothing on disk.
    """
    with override_settings(**SETTINGS), connected_sandbox() as sandbox:
        yield sandbox


@contextmanager
def connected_sandbox() -> Iterator[Sandbox]:
    """Start a sandbox as ``stripe_sandbox`` does, but do not override settings.

    The caller must override them by ``SETTINGS``.
    """
    sandbox = Sandbox()
    sandbox.add_webhook_endpoint(HOST + reverse("stripe_cart_webhook"), secret=WEBHOOK_SECRET)
    sandbox.deliver_with(lambda url, body, headers: post_webhook(body, headers))
    with transport(sandbox.http_client()):
        yield sandbox
    sandbox.close()


def post_webhook(
    body: bytes, headers: Mapping[str, str], *, client_class: Callable[..., Client] = Client
) -> int:
    """Post a webhook to this site, without cookies, and return the HTTP status."""
    client = client_class(enforce_csrf_checks=True, raise_request_exception=False)
    # A web server removes the prefix (FORCE_SCRIPT_NAME) before Django sees the path.
    path = "/" + reverse("stripe_cart_webhook").removeprefix(get_script_prefix())
    # A webhook may arrive during another request, whose language and time zone it must not change.
    language, zone = translation.get_language(), timezone.get_current_timezone()
    with translation.override(language), timezone.override(zone):
        # Secure, so that SECURE_SSL_REDIRECT does not redirect it.
        response = client.post(
            path, body, content_type="application/json", headers=dict(headers), secure=True
        )
    return response.status_code
