"""Filters of the list of orders."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models import Order, OrderIssue


class IssueFilter(admin.SimpleListFilter):
    """A filter of orders by open issues: with any reason, or with the chosen reason."""

    title = _("issues")
    parameter_name = "issue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Return the choices of the filter: any open issue, or one reason."""
        return (("any", _("Any open issue")), *OrderIssue.Reason.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """Return the orders that match the chosen filter."""
        if self.value() is None:
            return queryset
        issues = OrderIssue.objects.open()
        if self.value() != "any":
            issues = issues.filter(reason=self.value())
        return queryset.filter(pk__in=issues.values("order"))
