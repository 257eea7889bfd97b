"""Diagnosis of the webhook: its endpoint at Stripe, a test event, and the received events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.timesince import timesince

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, advice, good, wrong
from django_stripe_cart.doctor.webhook_probe import deliver_test_event
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.gateway import Endpoint
from django_stripe_cart.models import Order, WebhookEvent
from django_stripe_cart.webhooks.endpoints import endpoint_problems, webhook_url

WEBHOOK_COMMAND = "python manage.py stripe_cart_webhook"


def diagnose_webhook() -> Iterator[Finding]:
    """Report whether the webhook works: its URL, secret and endpoint, and its latest events."""
    try:
        path = reverse("stripe_cart_webhook")
    except NoReverseMatch:
        yield advice("The webhook's URL is not mounted, so it can't be tested.")
        return
    if conf.webhook_secrets:
        yield deliver_test_event(path)
    else:
        yield advice(
            "Without a secret, every webhook is refused.", next=f"{WEBHOOK_COMMAND} create"
        )
    if conf.secret_key:
        yield from _report_endpoints(path)
    yield _report_last_webhook()
    yield from _report_unprocessed_webhooks()


def _report_endpoints(path: str) -> Iterator[Finding]:
    """Report the endpoints at Stripe that send events to our webhook at ``path``.

    Also report what is wrong with them, and if there are none or too many.
    """
    try:
        endpoints = gateway.list_endpoints()
    except PaymentError as error:
        yield advice(f"The endpoints can't be read from Stripe. {error.stripe_code}".rstrip())
        return
    ours = [endpoint for endpoint in endpoints if _is_ours(endpoint, path)]
    if not ours:
        yield _report_missing_endpoint(path, endpoints)
    for endpoint in ours:
        yield from _report_endpoint(endpoint)
    if len(ours) > max(1, len(conf.webhook_secrets)):
        yield wrong(
            f"Stripe sends events to {len(ours)} endpoints, and STRIPE_CART_WEBHOOK_SECRET "
            f"has {len(conf.webhook_secrets)}: the others are refused.",
            next="Make it a list of the new and the old secret.",
        )
    elif len(ours) > 1:
        yield advice("A secret is being rotated.", next=f"{WEBHOOK_COMMAND} retire")


def _is_ours(endpoint: Endpoint, path: str) -> bool:
    """Return whether an endpoint sends events to this site's webhook.

    If STRIPE_CART_BASE_URL is not set, only the path is compared.
    """
    url = webhook_url()
    return endpoint.url == url if url else urlsplit(endpoint.url).path == path


def _report_endpoint(endpoint: Endpoint) -> Iterator[Finding]:
    """Report what is wrong with an endpoint, or that nothing is."""
    problems = list(endpoint_problems(endpoint))
    for problem in problems:
        yield wrong(f"{endpoint.id} at {endpoint.url}: {problem}", next=f"{WEBHOOK_COMMAND} rotate")
    if not problems:
        version = endpoint.api_version or "your account's API version"
        yield good(f"Stripe sends all needed events to {endpoint.url}, in {version}.")


def _report_missing_endpoint(path: str, endpoints: list[Endpoint]) -> Finding:
    """Report that none of the endpoints sends events to this site's webhook at ``path``."""
    url = webhook_url() or f"https://….example{path}"
    for endpoint in endpoints:
        if urlsplit(endpoint.url).path.strip("/") == path.strip("/"):
            return wrong(
                f"Stripe sends events to {endpoint.url}, but the webhook is at {url}.",
                next="Correct STRIPE_CART_BASE_URL, or the endpoint in Stripe's Dashboard.",
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


def _report_last_webhook() -> Finding:
    """Report when the last webhook arrived."""
    last = WebhookEvent.objects.filter(livemode=conf.livemode).order_by("-received_at").first()
    if last is not None:
        return good(f"The last webhook arrived {timesince(last.received_at)} ago ({last.type}).")
    if Order.objects.filter(livemode=conf.livemode).exclude(session_id=None).exists():
        return wrong(
            "No webhook has ever arrived, though there are orders.",
            next="See at dashboard.stripe.com/webhooks how this site answered.",
        )
    return advice(
        "No webhook has arrived yet.", next="Buy something with the card 4242 4242 4242 4242."
    )


def _report_unprocessed_webhooks() -> Iterator[Finding]:
    """Report the number of webhooks that arrived over a minute ago and are not processed."""
    minute = timezone.now() - timedelta(minutes=1)
    rows = WebhookEvent.objects.filter(processed_at=None, received_at__lt=minute)
    oldest = rows.order_by("received_at").first()
    if oldest is not None:
        yield wrong(
            f"Webhooks not finished: {rows.count()}, the oldest ({oldest.event_id}) since "
            f"{timesince(oldest.received_at)}: {oldest.error or 'it was interrupted'}.",
            next="Fix the error, then: python manage.py stripe_cart_sync",
        )
