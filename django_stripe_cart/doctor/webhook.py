"""Diagnosis of the webhook: URL, response to a test event, endpoint at Stripe, and deliveries."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import NoReverseMatch, reverse

from django_stripe_cart.checks.stripe import is_webhook_secret
from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.deliveries import diagnose_deliveries
from django_stripe_cart.doctor.endpoints import WEBHOOK_COMMAND, diagnose_endpoints
from django_stripe_cart.doctor.finding import Finding, advice
from django_stripe_cart.doctor.webhook_probe import deliver_test_event


def diagnose_webhook() -> Iterator[Finding]:
    """Report whether the webhook works: its URL, secret and endpoint, and its latest events."""
    try:
        path = reverse("stripe_cart_webhook")
    except NoReverseMatch:
        yield advice("The webhook's URL is not mounted, so it can't be tested.")
        return
    yield _test_webhook(path)
    if conf.secret_key:
        yield from diagnose_endpoints(path)
    yield from diagnose_deliveries()


def _test_webhook(path: str) -> Finding:
    """Report how the webhook at ``path`` answers a test event that is signed with our secret."""
    if not conf.webhook_secrets:
        return advice(
            "Without a secret, every webhook is refused.", next=f"{WEBHOOK_COMMAND} create"
        )
    if not all(map(is_webhook_secret, conf.webhook_secrets)):
        return advice("No test event was sent: STRIPE_CART_WEBHOOK_SECRET is not a secret.")
    return deliver_test_event(path)
