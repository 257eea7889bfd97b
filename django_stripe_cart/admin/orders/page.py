"""All that there is to know about one order."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.urls import reverse

from django_stripe_cart.admin.base import OrderAdminBase
from django_stripe_cart.admin.orders.actions import ACTIONS
from django_stripe_cart.admin.orders.timeline import read_timeline
from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, WebhookEvent
from django_stripe_cart.refunds import amount_refundable

DASHBOARD = "https://dashboard.stripe.com"


def read_order_page(
    model_admin: OrderAdminBase, request: HttpRequest, order: Order
) -> dict[str, Any]:
    """Return what the page shows of ``order`` to this person."""
    return {
        "order": order,
        "items": list(order.items.all()),
        "refunds": list(order.refunds.all()),
        "left": amount_refundable(order),
        "timeline": read_timeline(order),
        "actions": _offered(model_admin, request, order),
        "dashboard_url": dashboard_url(order),
        "is_sandbox": bool(conf.api_base),
        "user_url": _address_of_user(model_admin, request, order),
        "webhooks_url": _address_of_webhooks(model_admin, request, order),
    }


def _offered(
    model_admin: OrderAdminBase, request: HttpRequest, order: Order
) -> list[dict[str, Any]]:
    return [
        {"action": action, "url": model_admin.address(action.name, order.pk)}
        for action in ACTIONS
        if model_admin.may(action.name, request, order) and action.suits(order)
    ]


def _address_of_user(model_admin: OrderAdminBase, request: HttpRequest, order: Order) -> str:
    site = model_admin.admin_site
    model = get_user_model()
    shown = site._registry.get(model)
    if order.user is None or shown is None or not shown.has_view_permission(request, order.user):
        return ""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    return reverse(name, args=[order.user.pk], current_app=site.name)


def _address_of_webhooks(model_admin: OrderAdminBase, request: HttpRequest, order: Order) -> str:
    site = model_admin.admin_site
    shown = site._registry.get(WebhookEvent)
    if shown is None or not shown.has_view_permission(request):
        return ""
    address = reverse("admin:stripe_cart_webhookevent_changelist", current_app=site.name)
    return f"{address}?order__id__exact={order.pk}"


def dashboard_url(order: Order) -> str:
    """Return the payment's page in Stripe's Dashboard, or on the sandbox's desk; else nothing."""
    if conf.api_base:
        return f"{conf.api_base}/#{order.session_id}" if order.session_id else ""
    if not order.payment_intent_id:
        return ""
    mode = "" if order.livemode else "/test"
    return f"{DASHBOARD}{mode}/payments/{order.payment_intent_id}"
