"""The notice on the front page of the admin: how many orders have open issues."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakValueDictionary

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse

from django_stripe_cart.admin.issues import OrderIssueAdmin
from django_stripe_cart.models import OrderIssue

INDEX_TEMPLATE = "admin/stripe_cart/index.html"

# The template of a front page gets the name of its site, and not the site.
sites: WeakValueDictionary[str, AdminSite] = WeakValueDictionary()


@dataclass(frozen=True)
class Notice:
    """How many orders have open issues, and the URL of the list of issues."""

    count: int
    url: str


def add_notice(site: AdminSite) -> None:
    """Add the notice to the front page of ``site``, if that page has no template of its own."""
    sites[site.name] = site
    if not site.index_template:
        site.index_template = INDEX_TEMPLATE


def read_notice(request: HttpRequest) -> Notice | None:
    """Return the notice for the user, or None if the user can view no open issues."""
    site = sites.get(getattr(request, "current_app", ""))
    if site is None or not site.is_registered(OrderIssue):
        return None
    issue_admin = site.get_model_admin(OrderIssue)
    if not isinstance(issue_admin, OrderIssueAdmin) or not issue_admin.has_view_permission(request):
        return None
    count = issue_admin.count_orders_with_open_issues(request)
    url = reverse("admin:stripe_cart_orderissue_changelist", current_app=site.name)
    return Notice(count, url) if count else None
