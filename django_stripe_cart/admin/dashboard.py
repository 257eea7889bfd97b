"""URLs of pages in Stripe's Dashboard, or in the sandbox if the shop uses one."""

from __future__ import annotations

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Dispute, Order, WebhookEvent

DASHBOARD = "https://dashboard.stripe.com"


def dashboard_url(order: Order) -> str:
    """Return the URL of the order's payment in Stripe's Dashboard.

    Return an empty string if the order has no payment. If the shop uses a sandbox, return the URL
    of the order's session in the sandbox instead.
    """
    if conf.api_base:
        return _sandbox_url(order)
    if not order.payment_intent_id:
        return ""
    return f"{_dashboard(order.livemode)}/payments/{order.payment_intent_id}"


def dispute_url(dispute: Dispute, order: Order) -> str:
    """Return the URL of the dispute in Stripe's Dashboard.

    If the shop uses a sandbox, return the URL of the order's session in the sandbox instead.
    """
    if conf.api_base:
        return _sandbox_url(order)
    return dispute.stripe_url


def search_url(stripe_id: str, *, livemode: bool) -> str:
    """Return the URL that searches Stripe's Dashboard for ``stripe_id``, an id of any kind."""
    if conf.api_base:
        return f"{conf.api_base}/#{stripe_id}"
    return f"{_dashboard(livemode)}/search?query={stripe_id}"


def event_url(event: WebhookEvent) -> str:
    """Return the URL of the event in Stripe's Dashboard. Return "" if the shop uses a sandbox."""
    if conf.api_base:
        return ""
    return f"{_dashboard(event.livemode)}/events/{event.event_id}"


def object_url(event: WebhookEvent) -> str:
    """Return the URL that searches Stripe's Dashboard for the object that the event is about.

    Return an empty string if the id of the object is not known.
    """
    return search_url(event.object_id, livemode=event.livemode) if event.object_id else ""


def _dashboard(livemode: bool) -> str:
    """Return the base URL of Stripe's Dashboard in live mode or in test mode."""
    return DASHBOARD if livemode else f"{DASHBOARD}/test"


def _sandbox_url(order: Order) -> str:
    """Return the URL of the order's session in the sandbox, or "" if the order has no session."""
    return f"{conf.api_base}/#{order.session_id}" if order.session_id else ""
