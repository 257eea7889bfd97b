"""The filter for orders that need attention."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models import Order


class AttentionFilter(admin.SimpleListFilter):
    title = _("review")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("any", _("Needs review")), *Order.Attention.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if self.value() is None:
            return queryset
        if self.value() == "any":
            return queryset.exclude(attention="")
        return queryset.filter(attention=self.value())
