"""The page of one order: its template context."""

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


def order_context(
    model_admin: OrderAdminBase, request: HttpRequest, order: Order
) -> dict[str, Any]:
    """Return the context of the order's page, as far as this user may see it."""
    return {
        "order": order,
        "items": list(order.items.all()),
        "refunds": list(order.refunds.all()),
        "left": amount_refundable(order),
        "timeline": read_timeline(order),
        "actions": _available_actions(model_admin, request, order),
        "dashboard_url": dashboard_url(order),
        "is_sandbox": bool(conf.api_base),
        "user_url": _user_url(model_admin, request, order),
        "webhooks_url": _webhooks_url(model_admin, request, order),
    }


def _available_actions(
    model_admin: OrderAdminBase, request: HttpRequest, order: Order
) -> list[dict[str, Any]]:
    return [
        {"action": action, "url": model_admin.page_url(action.name, order.pk)}
        for action in ACTIONS
        if model_admin.has_action_permission(action.name, request, order)
        and action.is_available(order)
    ]


def _user_url(model_admin: OrderAdminBase, request: HttpRequest, order: Order) -> str:
    site = model_admin.admin_site
    model = get_user_model()
    if order.user is None or not site.is_registered(model):
        return ""
    if not site.get_model_admin(model).has_view_permission(request, order.user):
        return ""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    return reverse(name, args=[order.user.pk], current_app=site.name)


def _webhooks_url(model_admin: OrderAdminBase, request: HttpRequest, order: Order) -> str:
    site = model_admin.admin_site
    if not site.is_registered(WebhookEvent):
        return ""
    if not site.get_model_admin(WebhookEvent).has_view_permission(request):
        return ""
    url = reverse("admin:stripe_cart_webhookevent_changelist", current_app=site.name)
    return f"{url}?order__id__exact={order.pk}"


def dashboard_url(order: Order) -> str:
    """Return the payment's URL in Stripe's Dashboard or in the sandbox, or an empty string."""
    if conf.api_base:
        return f"{conf.api_base}/#{order.session_id}" if order.session_id else ""
    if not order.payment_intent_id:
        return ""
    mode = "" if order.livemode else "/test"
    return f"{DASHBOARD}{mode}/payments/{order.payment_intent_id}"
