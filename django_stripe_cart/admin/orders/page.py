"""The template context of an order's page in the admin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from django_stripe_cart.admin.base import OrderAdminBase
from django_stripe_cart.admin.dashboard import dashboard_url
from django_stripe_cart.admin.orders.actions import ACTIONS
from django_stripe_cart.admin.orders.disputes import amount_lost, read_disputes
from django_stripe_cart.admin.orders.issues import describe_subject, read_open_issues
from django_stripe_cart.admin.orders.order_action import OrderAction
from django_stripe_cart.admin.orders.refund_forms import describe_unknown
from django_stripe_cart.admin.orders.timeline import read_timeline
from django_stripe_cart.conf import conf
from django_stripe_cart.models import Order, OrderIssue, Refund, RefundItem, WebhookEvent
from django_stripe_cart.refunds import amount_refundable

REFUND_STATUSES: dict[str, Any] = {
    Refund.Status.UNKNOWN: pgettext_lazy("refund", "Not known yet"),
    Refund.Status.PENDING: pgettext_lazy("refund", "On its way"),
    Refund.Status.REQUIRES_ACTION: pgettext_lazy("refund", "Waits for the shopper's bank details"),
    Refund.Status.SUCCEEDED: pgettext_lazy("refund", "Refunded"),
    Refund.Status.FAILED: pgettext_lazy("refund", "Failed"),
    Refund.Status.CANCELED: pgettext_lazy("refund", "Canceled"),
}


@dataclass(frozen=True)
class RefundRow:
    """A refund as texts, for the order's page."""

    refund: Refund
    status: str
    explanation: str  # empty unless the outcome is unknown
    items: list[str]


@dataclass(frozen=True)
class SettledIssue:
    """An issue that was settled by staff or closed by the app, for the order's page."""

    issue: OrderIssue
    facts: list[str]


def order_context(
    model_admin: OrderAdminBase, request: HttpRequest, order: Order
) -> dict[str, Any]:
    """Return the template context of the order's page. What the user may not view is left out."""
    user = order.user
    webhooks = _admin_url(model_admin, request, WebhookEvent)
    can_settle = model_admin.has_action_permission("settle", request, order)
    settle_url = model_admin.page_url("settle", order.pk) if can_settle else ""
    return {
        "order": order,
        "open_issues": read_open_issues(order, settle_url),
        "settled_issues": _read_settled_issues(order),
        "items": list(order.items.all()),
        "disputes": read_disputes(order),
        "refunds": _read_refunds(order),
        "left": amount_refundable(order),
        "lost": amount_lost(order),
        "timeline": read_timeline(order),
        "actions": _available_actions(model_admin, request, order),
        "obstacles": _obstacles(model_admin, request, order),
        "dashboard_url": dashboard_url(order),
        "is_sandbox": bool(conf.api_base),
        "user_url": user and _admin_url(model_admin, request, type(user), user),
        "webhooks_url": webhooks and f"{webhooks}?order__id__exact={order.pk}",
    }


def _read_settled_issues(order: Order) -> list[SettledIssue]:
    """Return the order's issues that are no longer open, with their facts."""
    issues = [issue for issue in order.issues.all() if not issue.is_open]
    return [SettledIssue(issue, describe_subject(issue, order)) for issue in issues]


def _read_refunds(order: Order) -> list[RefundRow]:
    """Return the refunds of ``order`` as texts, with their items."""
    return [
        RefundRow(
            refund=refund,
            status=str(REFUND_STATUSES.get(refund.status, refund.status)),
            explanation=describe_unknown(refund) if refund.status == "unknown" else "",
            items=[_describe_item(item) for item in refund.items.all()],
        )
        for refund in order.refunds.prefetch_related("items__order_item")
    ]


def _describe_item(item: RefundItem) -> str:
    """Return a refunded item as text: the quantity, the name, and how many are back in stock."""
    text = f"{item.quantity} \u00d7 {item.order_item.name}"
    if not item.restocked:
        return text
    return _("%(item)s (%(count)d back in stock)") % {"item": text, "count": item.restocked}


def _available_actions(
    model_admin: OrderAdminBase, request: HttpRequest, order: Order
) -> list[dict[str, Any]]:
    """Return the actions that the user can run on the order now, with their URLs.

    Settling is left out, because each open issue has its own button for it.
    """
    return [
        {
            "action": action,
            "url": model_admin.page_url(action.name, order.pk),
            "is_primary": action.is_next_step and not action.reason_to_skip(order),
        }
        for action in _permitted_actions(model_admin, request, order)
        if action.name != "settle" and not action.obstacle(order)
    ]


def _obstacles(model_admin: OrderAdminBase, request: HttpRequest, order: Order) -> list[str]:
    """Return sentences that say why actions are not possible now.

    Only actions that the user may run and that the order's status allows are included.
    """
    actions = _permitted_actions(model_admin, request, order)
    return [*filter(None, (action.obstacle(order) for action in actions))]


def _permitted_actions(
    model_admin: OrderAdminBase, request: HttpRequest, order: Order
) -> list[OrderAction]:
    """Return the actions that the order's status allows and that the user may run."""
    return [
        action
        for action in ACTIONS
        if model_admin.has_action_permission(action.name, request, order)
        and action.is_available(order)
    ]


def _admin_url(
    model_admin: OrderAdminBase, request: HttpRequest, model: type[Model], row: Model | None = None
) -> str:
    """Return the admin URL of ``row``, or of the list of ``model`` if ``row`` is None.

    Return an empty string if the user may not view that page, or if the model has no admin.
    """
    site = model_admin.admin_site
    if not site.is_registered(model):
        return ""
    if not site.get_model_admin(model).has_view_permission(request, row):
        return ""
    view, args = ("changelist", []) if row is None else ("change", [row.pk])
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"
    return reverse(name, args=args, current_app=site.name)
