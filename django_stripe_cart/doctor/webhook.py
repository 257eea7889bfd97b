"""Whether Stripe rings here, for all that we need, and whether the door opens."""

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
from django_stripe_cart.endpoints import own_url, troubles
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.gateway import Endpoint
from django_stripe_cart.models import Order, WebhookEvent

COMMAND = "python manage.py stripe_cart_webhook"


def webhook() -> Iterator[Finding]:
    try:
        path = reverse("stripe_cart_webhook")
    except NoReverseMatch:
        yield advice("It is not mounted, so nothing can be tried.")
        return
    if conf.webhook_secrets:
        yield deliver_test_event(path)
    else:
        yield advice("Without a secret, every webhook is refused.", next=f"{COMMAND} create")
    if conf.secret_key:
        yield from _endpoints(path)
    yield _last_ring()
    yield from _unfinished()


def _endpoints(path: str) -> Iterator[Finding]:
    try:
        everywhere = gateway.list_endpoints()
    except PaymentError as error:
        yield advice(f"Stripe does not say where it rings. {error.code}".rstrip())
        return
    ours = [endpoint for endpoint in everywhere if _is_ours(endpoint, path)]
    if not ours:
        yield _nowhere(path, everywhere)
    for endpoint in ours:
        yield from _judge(endpoint)
    if len(ours) > 1:
        yield from _rotation(ours)


def _is_ours(endpoint: Endpoint, path: str) -> bool:
    """Where nobody has said under which address we are, the path alone has to tell."""
    url = own_url()
    return endpoint.url == url if url else urlsplit(endpoint.url).path == path


def _judge(endpoint: Endpoint) -> Iterator[Finding]:
    found = list(troubles(endpoint))
    for trouble in found:
        yield wrong(f"{endpoint.id} at {endpoint.url}: {trouble}", next=f"{COMMAND} rotate")
    if not found:
        version = endpoint.api_version or "your account's API version"
        yield good(f"Stripe rings at {endpoint.url} for all that we need, in {version}.")


def _rotation(endpoints: list[Endpoint]) -> Iterator[Finding]:
    if len(conf.webhook_secrets) < len(endpoints):
        yield wrong(
            f"Stripe rings by {len(endpoints)} endpoints, and STRIPE_CART_WEBHOOK_SECRET has "
            f"{len(conf.webhook_secrets)}: the others are refused.",
            next="Make it a list of the new and the old secret.",
        )
    else:
        yield advice("A secret is being rotated.", next=f"{COMMAND} retire")


def _nowhere(path: str, everywhere: list[Endpoint]) -> Finding:
    url = own_url() or f"https://….example{path}"
    for endpoint in everywhere:
        if urlsplit(endpoint.url).path.strip("/") == path.strip("/"):
            return wrong(
                f"Stripe rings at {endpoint.url}, but the webhook is at {url}.",
                next="Correct STRIPE_CART_BASE_URL, or the endpoint in Stripe's Dashboard.",
            )
    create = f"{COMMAND} create" if conf.base_url else f"{COMMAND} create --url {url}"
    if settings.DEBUG and not conf.livemode:
        return advice(
            "Stripe rings nowhere here. That is right if its CLI forwards to you.",
            next=f"stripe listen --forward-to 127.0.0.1:8000{path}",
        )
    return wrong("Stripe rings nowhere here.", next=create)


def _last_ring() -> Finding:
    last = WebhookEvent.objects.filter(livemode=conf.livemode).order_by("-received_at").first()
    if last is not None:
        return good(f"The last webhook came {timesince(last.received_at)} ago ({last.type}).")
    if Order.objects.filter(livemode=conf.livemode).exclude(session_id=None).exists():
        return wrong(
            "No webhook about an order has ever come, though there are orders.",
            next="Look at dashboard.stripe.com/webhooks for what Stripe was answered.",
        )
    return advice(
        "No webhook has come yet.", next="Buy something with the card 4242 4242 4242 4242."
    )


def _unfinished() -> Iterator[Finding]:
    minute = timezone.now() - timedelta(minutes=1)
    rows = WebhookEvent.objects.filter(processed_at=None, received_at__lt=minute)
    oldest = rows.order_by("received_at").first()
    if oldest is not None:
        yield wrong(
            f"{rows.count()} webhooks are not finished, the oldest ({oldest.event_id}) since "
            f"{timesince(oldest.received_at)}: {oldest.error or 'it was interrupted'}.",
            next="Mend what it says, then: python manage.py stripe_cart_sync",
        )
