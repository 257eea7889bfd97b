"""URLs of pages in Stripe's Dashboard, or in the sandbox if the shop uses one."""

from __future__ import annotations

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Dispute, Order, WebhookEvent

DASHBOARD = "https://dashboard.stripe.com"


def dashboard_url(order: Order) -> str:
    """Return the URL of the order's payment in Stripe's Dashboard, or an empty string.

    If the shop uses a sandbox, the URL is that of the sandbox.
    """
    if conf.api_base:
        return _sandbox_url(order)
    if not order.payment_intent_id:
        return ""
    return f"{_dashboard(order.livemode)}/payments/{order.payment_intent_id}"


def dispute_url(dispute: Dispute, order: Order) -> str:
    """Return the URL of the dispute in Stripe's Dashboard; in a sandbox, that of the payment."""
    if conf.api_base:
        return _sandbox_url(order)
    return dispute.stripe_url


def search_url(stripe_id: str, *, livemode: bool) -> str:
    """Return the URL in Stripe's Dashboard that searches for ``stripe_id``, an id of any kind."""
    if conf.api_base:
        return f"{conf.api_base}/#{stripe_id}"
    return f"{_dashboard(livemode)}/search?query={stripe_id}"


def event_url(event: WebhookEvent) -> str:
    """Return the URL of the event in Stripe's Dashboard, or "" in a sandbox, which shows none."""
    if conf.api_base:
        return ""
    return f"{_dashboard(event.livemode)}/events/{event.event_id}"


def object_url(event: WebhookEvent) -> str:
    """Return the URL that searches for the object that the event is about, or an empty string."""
    return search_url(event.object_id, livemode=event.livemode) if event.object_id else ""


def _dashboard(livemode: bool) -> str:
    """Return the URL of Stripe's Dashboard for a mode: live or test."""
    return DASHBOARD if livemode else f"{DASHBOARD}/test"


def _sandbox_url(order: Order) -> str:
    """Return the URL of the order's session in the sandbox, or "" if it has no session."""
    return f"{conf.api_base}/#{order.session_id}" if order.session_id else ""
