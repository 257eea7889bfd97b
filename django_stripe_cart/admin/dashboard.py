"""Where the same payment is to be seen at Stripe."""

from __future__ import annotations

from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order

DASHBOARD = "https://dashboard.stripe.com"


def dashboard_url(order: Order) -> str:
    """Return the payment's page in Stripe's Dashboard, or on the sandbox's desk; else nothing."""
    if conf.api_base:
        return f"{conf.api_base}/#{order.session_id}" if order.session_id else ""
    if not order.payment_intent_id:
        return ""
    mode = "" if order.livemode else "/test"
    return f"{DASHBOARD}{mode}/payments/{order.payment_intent_id}"
