"""Notices on the admin's front page: orders have open issues, or events could not be processed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import ngettext

from django_stripe_cart.admin.issues import OrderIssueAdmin
from django_stripe_cart.admin.webhooks.admin import WebhookEventAdmin
from django_stripe_cart.models import OrderIssue, WebhookEvent

INDEX_TEMPLATE = "admin/stripe_cart/index.html"

A = TypeVar("A", bound=ModelAdmin)

# The template of a front page gets the name of its site, and not the site.
sites: WeakValueDictionary[str, AdminSite] = WeakValueDictionary()


@dataclass(frozen=True)
class Notice:
    """A sentence for staff about the rows of a list, and the URL of the list."""

    text: str
    url: str


def add_notice(site: AdminSite) -> None:
    """Add the notices to the front page of ``site``, if that page has no template of its own."""
    sites[site.name] = site
    if not site.index_template:
        site.index_template = INDEX_TEMPLATE


def read_notices(request: HttpRequest) -> list[Notice]:
    """Return the notices about the rows that the user may view."""
    site = sites.get(getattr(request, "current_app", ""))
    if site is None:
        return []
    return [*_read_issues(site, request), *_read_waiting_events(site, request)]


def _read_issues(site: AdminSite, request: HttpRequest) -> Iterator[Notice]:
    """Yield a notice if some orders have open issues."""
    issue_admin = _find_admin(site, request, OrderIssue, OrderIssueAdmin)
    count = issue_admin.count_orders_with_open_issues(request) if issue_admin else 0
    if count:
        text = ngettext(
            "%(counter)s order has open issues.", "%(counter)s orders have open issues.", count
        )
        yield Notice(text % {"counter": count}, _list_url(site, OrderIssue))


def _read_waiting_events(site: AdminSite, request: HttpRequest) -> Iterator[Notice]:
    """Yield a notice if some webhook events could not be processed yet."""
    event_admin = _find_admin(site, request, WebhookEvent, WebhookEventAdmin)
    count = event_admin.count_waiting(request) if event_admin else 0
    if count:
        text = ngettext(
            "%(counter)s webhook event could not be processed.",
            "%(counter)s webhook events could not be processed.",
            count,
        )
        url = f"{_list_url(site, WebhookEvent)}?state=waiting"
        yield Notice(text % {"counter": count}, url)


def _find_admin(
    site: AdminSite, request: HttpRequest, model: type[Model], admin_class: type[A]
) -> A | None:
    """Return the admin of ``model`` if it is an instance of ``admin_class``.

    Return None if the site has no such admin, or if the user may not view the rows of ``model``.
    """
    found: Any = site.get_model_admin(model) if site.is_registered(model) else None
    is_ours = isinstance(found, admin_class) and found.has_view_permission(request)
    return found if is_ours else None


def _list_url(site: AdminSite, model: type[Model]) -> str:
    """Return the URL of the list of ``model`` in ``site``."""
    name = f"admin:stripe_cart_{model._meta.model_name}_changelist"
    return reverse(name, current_app=site.name)
