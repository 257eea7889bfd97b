"""The template context of an order's page in the admin."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
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
    """Return the template context of the order's page, without what the user may not view."""
    user = order.user
    webhooks = _admin_url(model_admin, request, WebhookEvent)
    return {
        "order": order,
        "items": list(order.items.all()),
        "refunds": list(order.refunds.all()),
        "left": amount_refundable(order),
        "timeline": read_timeline(order),
        "actions": _available_actions(model_admin, request, order),
        "dashboard_url": dashboard_url(order),
        "is_sandbox": bool(conf.api_base),
        "user_url": user and _admin_url(model_admin, request, type(user), user),
        "webhooks_url": webhooks and f"{webhooks}?order__id__exact={order.pk}",
    }


def _available_actions(
    model_admin: OrderAdminBase, request: HttpRequest, order: Order
) -> list[dict[str, Any]]:
    """Return the actions that the user may run on the order now, with their URLs."""
    return [
        {"action": action, "url": model_admin.page_url(action.name, order.pk)}
        for action in ACTIONS
        if model_admin.has_action_permission(action.name, request, order)
        and action.is_available(order)
    ]


def _admin_url(
    model_admin: OrderAdminBase, request: HttpRequest, model: type[Model], row: Model | None = None
) -> str:
    """Return the admin URL of ``row``, or of the list of ``model`` if no row is given.

    Return an empty string if the user may not view it, or if the model has no admin.
    """
    site = model_admin.admin_site
    if not site.is_registered(model):
        return ""
    if not site.get_model_admin(model).has_view_permission(request, row):
        return ""
    view, args = ("changelist", []) if row is None else ("change", [row.pk])
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"
    return reverse(name, args=args, current_app=site.name)


def dashboard_url(order: Order) -> str:
    """Return the payment's URL in Stripe's Dashboard or in the sandbox, or an empty string."""
    if conf.api_base:
        return f"{conf.api_base}/#{order.session_id}" if order.session_id else ""
    if not order.payment_intent_id:
        return ""
    mode = "" if order.livemode else "/test"
    return f"{DASHBOARD}{mode}/payments/{order.payment_intent_id}"
