"""The admin of issues: the list that staff work through."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.admin.base import ReadOnlyAdmin
from django_stripe_cart.admin.orders.issues import describe_subject
from django_stripe_cart.models import Order, OrderIssue
from django_stripe_cart.web.responses import SeeOther


class StateFilter(admin.SimpleListFilter):
    """A filter by state: open, settled or all. Without a choice, the open issues are shown."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Return the choices besides "Open", which is the default."""
        return (("settled", _("Settled or over")), ("all", _("All")))

    def choices(self, changelist: Any) -> Any:
        """Return the choices for the template. The first has no value, and is named "Open"."""
        first, *others = super().choices(changelist)
        return [{**first, "display": _("Open")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OrderIssue]) -> Any:
        """Return the issues that match the chosen filter."""
        if self.value() == "all":
            return queryset
        is_settled = self.value() == "settled"
        return queryset.filter(settled__isnull=not is_settled)


class OrderIssueAdmin(ReadOnlyAdmin):
    """A read-only list of issues. Each links to the page of its order, where staff settle issues.

    The list contains only issues of orders that ``OrderAdmin`` of the same site shows to the user.
    """

    list_display = ("issue", "order_link", "subject", "opened")
    list_filter = (StateFilter, "reason", "opened")
    ordering = ("-opened", "-pk")
    search_fields = ("about", "note")
    list_display_links = ("issue",)

    class Media:
        css = {"all": ("stripe_cart/admin.css",)}

    @admin.display(description=_("issue"), ordering="reason")
    def issue(self, issue: OrderIssue) -> str:
        """Return the reason of the issue in words, for the list."""
        return issue.get_reason_display()

    @admin.display(description=_("order"))
    def order_link(self, issue: OrderIssue) -> SafeString:
        """Return the number of the order, and a badge with its status, for the list."""
        order = issue.order
        html = '{} <span class="stripe-cart-badge stripe-cart-{}">{}</span>'
        return format_html(html, order.number, order.status, order.get_status_display())

    @admin.display(description=_("about"))
    def subject(self, issue: OrderIssue) -> str:
        """Return the refund, dispute or payment that the issue is about, for the list."""
        return " · ".join(describe_subject(issue, issue.order))

    @admin.display(description=_("settled"), ordering="settled")
    def settling(self, issue: OrderIssue) -> str:
        """Return who settled the issue, and that person's note, for the list."""
        return ": ".join(filter(None, (issue.settled_by, issue.note)))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns. If a state is chosen, a column shows who settled each issue."""
        columns = super().get_list_display(request)
        return (*columns, "settling") if StateFilter.parameter_name in request.GET else columns

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderIssue]:
        """Return the issues of the orders that the user may see."""
        order_admin = self.admin_site.get_model_admin(Order)
        orders = order_admin.get_queryset(request).order_by().prefetch_related(None)
        issues = super().get_queryset(request).filter(order__in=orders)
        return issues.select_related("order").prefetch_related("order__disputes", "order__refunds")

    def count_orders_with_open_issues(self, request: HttpRequest) -> int:
        """Return how many of the orders that the user may see have open issues."""
        open_issues = self.get_queryset(request).filter(is_open=True).order_by()
        return open_issues.values("order").distinct().count()

    def has_view_permission(self, request: HttpRequest, obj: OrderIssue | None = None) -> bool:
        """Return whether the user may view the issue's order, or any order if ``obj`` is None."""
        site = self.admin_site
        return site.is_registered(Order) and site.get_model_admin(Order).has_view_permission(
            request, None if obj is None else obj.order
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the site shows the list of issues. It does if the user may view orders."""
        return self.has_view_permission(request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Redirect to the page of the issue's order, where the issue can be settled."""
        issue = self.get_object_to_view(request, object_id)
        name, site = "admin:stripe_cart_order_change", self.admin_site.name
        url = reverse(name, args=[issue.order_id], current_app=site)
        return SeeOther(f"{url}#issue-{issue.pk}")
