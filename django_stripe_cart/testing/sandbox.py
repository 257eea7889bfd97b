"""Stripe in a box in the test's own process, with its doorbell wired to the host's own webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.test import Client, override_settings
from django.urls import get_script_prefix, reverse

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.sandbox import Sandbox

HOST = "http://testserver"
WEBHOOK_SECRET = "whsec_tests"  # noqa: S105

# What a host's settings are meanwhile, whatever keys they hold otherwise.
SETTINGS: Mapping[str, str | None] = {
    "STRIPE_CART_SECRET_KEY": "sk_test_sandbox",
    "STRIPE_CART_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "STRIPE_CART_API_BASE": None,
}


@contextmanager
def stripe_in_a_box() -> Iterator[Sandbox]:
    """Have all calls to Stripe answered by a ``Sandbox``, whose webhooks arrive at this site.

    The settings point to it meanwhile. No socket is opened, and nothing is kept.
    """
    with override_settings(**SETTINGS), connected_sandbox() as sandbox:
        yield sandbox


@contextmanager
def connected_sandbox() -> Iterator[Sandbox]:
    """The same for those who have made the settings so already."""
    sandbox = Sandbox()
    sandbox.add_webhook_endpoint(HOST + reverse("stripe_cart_webhook"), secret=WEBHOOK_SECRET)
    sandbox.deliver_with(lambda url, body, headers: ring(body, headers))
    with transport(sandbox.http_client()):
        yield sandbox
    sandbox.close()


def ring(
    body: bytes, headers: Mapping[str, str], *, through: Callable[..., Client] = Client
) -> int:
    """Deliver a webhook to this site, as a stranger would, and return the status of the answer."""
    doorbell = through(enforce_csrf_checks=True, raise_request_exception=False)
    # A web server takes a prefix (FORCE_SCRIPT_NAME) away before Django sees the path.
    path = "/" + reverse("stripe_cart_webhook").removeprefix(get_script_prefix())
    # Secure, so that a site which sends everybody to https answers.
    answer = doorbell.post(
        path, body, content_type="application/json", headers=dict(headers), secure=True
    )
    return answer.status_code
