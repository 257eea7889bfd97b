"""Addresses in Stripe's Dashboard, or in the sandbox if it plays Stripe."""

from __future__ import annotations

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Dispute, Order

DASHBOARD = "https://dashboard.stripe.com"


def dashboard_url(order: Order) -> str:
    """Return the payment's URL in Stripe's Dashboard or in the sandbox, or an empty string."""
    if conf.api_base:
        return _sandbox_url(order)
    if not order.payment_intent_id:
        return ""
    return f"{_dashboard(order)}/payments/{order.payment_intent_id}"


def dispute_url(dispute: Dispute, order: Order) -> str:
    """Return the dispute's URL in the Dashboard, or that of its payment in the sandbox."""
    if conf.api_base:
        return _sandbox_url(order)
    return dispute.stripe_url


def search_url(order: Order, stripe_id: str) -> str:
    """Return the URL of a search in the Dashboard for any of Stripe's ids."""
    if conf.api_base:
        return f"{conf.api_base}/#{stripe_id}"
    return f"{_dashboard(order)}/search?query={stripe_id}"


def _dashboard(order: Order) -> str:
    return DASHBOARD if order.livemode else f"{DASHBOARD}/test"


def _sandbox_url(order: Order) -> str:
    return f"{conf.api_base}/#{order.session_id}" if order.session_id else ""
