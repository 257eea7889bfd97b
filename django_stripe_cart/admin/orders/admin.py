"""The admin of orders: the list, the page of an order, and URLs of further pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.admin.actions.views import action_urls, list_actions
from django_stripe_cart.admin.base import OrderAdminBase
from django_stripe_cart.admin.orders.action_page import OrderActionPage
from django_stripe_cart.admin.orders.actions import ACTIONS
from django_stripe_cart.admin.orders.disputes import amount_lost
from django_stripe_cart.admin.orders.export import export_selected, export_view
from django_stripe_cart.admin.orders.filters import IssueFilter
from django_stripe_cart.admin.orders.page import order_context
from django_stripe_cart.admin.orders.search import find_orders
from django_stripe_cart.admin.sales.view import sales_view
from django_stripe_cart.models import Order
from django_stripe_cart.money import format_money


class OrderAdmin(OrderAdminBase):
    """The read-only admin of orders: list, page of an order, actions, export and sales page."""

    list_display = ("number", "state", "ordered", "customer", "shown_total", "placed_at")
    list_filter = (IssueFilter, "status", "placed_at")
    list_select_related = ("user",)
    search_fields = ("reference",)  # shows the search field; get_search_results does the search
    search_help_text = _("E-mail, user, order number, or one of Stripe's ids (cs_…, pi_…, re_…)")
    actions = (*list_actions(ACTIONS), export_selected)
    view_on_site = False  # the shop shows an order only to its shopper

    class Media:
        css = {"all": ("stripe_cart/admin.css",)}

    # --- the list ----------------------------------------------------------------------------

    @admin.display(description=_("number"))
    def number(self, order: Order) -> str:
        """Return the order's number, for the list."""
        return order.number

    @admin.display(description=_("customer"), ordering="email")
    def customer(self, order: Order) -> str | SafeString:
        """Return the customer's e-mail and user name, for the list."""
        name = str(order.user or "")
        if not order.email or order.email == name:
            return name or order.email
        return format_html('{}<br><span class="stripe-cart-quiet">{}</span>', order.email, name)

    @admin.display(description=_("total"), ordering="total")
    def shown_total(self, order: Order) -> SafeString:
        """Return the order's total, and what was refunded and lost in disputes, for the list."""
        gone = [(_("%(amount)s refunded"), order.amount_refunded)]
        gone.append((_("%(amount)s lost in a dispute"), amount_lost(order)))
        lines = [
            (text % {"amount": format_money(amount, order.currency)},)
            for text, amount in gone
            if amount
        ]
        total = format_money(order.total, order.currency)
        html = format_html_join("", '<br><span class="stripe-cart-quiet">{}</span>', lines)
        return format_html("{}{}", total, html)

    @admin.display(description=_("status"), ordering="status")
    def state(self, order: Order) -> SafeString:
        """Return the status as a badge, and a badge for each open issue."""
        badges = [(order.status, order.get_status_display())]
        badges += [("issue-badge", issue.get_reason_display()) for issue in order.open_issues]
        return format_html_join(
            " ", '<span class="stripe-cart-badge stripe-cart-{}">{}</span>', dict.fromkeys(badges)
        )

    @admin.display(description=_("items"))
    def ordered(self, order: Order) -> str:
        """Return the ordered items as one text, for the list."""
        return ", ".join(f"{item.quantity} \u00d7 {item.name[:60]}" for item in order.items.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """Return the orders, and prefetch the related rows that the list shows."""
        return super().get_queryset(request).prefetch_related("items", "issues", "disputes")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Return the orders that match the search, and False because there are no duplicates."""
        return find_orders(queryset, search_term), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list of orders, with links to the sales page and the export."""
        query = request.GET.urlencode()
        links = {
            "sales_url": self.page_url("sales"),
            "export_url": self.page_url("export") + (f"?{query}" if query else ""),
        }
        return super().changelist_view(request, {**links, **(extra_context or {})})

    # --- an order's own page -----------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the read-only page of an order."""
        order = self.get_object_to_view(request, object_id)
        context = {
            **self.page_context(request, str(order)),
            **order_context(self, request, order),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/stripe_cart/order/change_form.html", context)

    # --- URLs --------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Return the URL patterns of this admin, including those of sales, export and actions."""
        wrap = self.admin_site.admin_view
        return [
            path("sales/", wrap(sales_view(self)), name="stripe_cart_order_sales"),
            path("export/", wrap(export_view(self)), name="stripe_cart_order_export"),
            *action_urls(self, ACTIONS, OrderActionPage),
            *super().get_urls(),
        ]
