"""The view of the sales page, with a form for the period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_safe

from django_stripe_cart.admin.base import OrderAdminBase
from django_stripe_cart.admin.sales.chart import draw_chart
from django_stripe_cart.admin.sales.report import Period, local_day, read_sales

DEFAULT_DAYS = 30  # days
DAY_CHOICES = (7, 30, 90, 365)
MAX_DAYS = 366


class PeriodForm(forms.Form):
    """A form for the first and the last day of the period to show."""

    first = forms.DateField(
        label=pgettext_lazy("period", "From"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    last = forms.DateField(
        label=pgettext_lazy("period", "To"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        """Reject a period that ends before it starts, or that is too long."""
        data: dict[str, Any] = super().clean() or {}
        if "first" in data and "last" in data:
            days = (data["last"] - data["first"]).days + 1
            if days < 1:
                raise ValidationError(_("The start date must not be after the end date."))
            if days > MAX_DAYS:
                raise ValidationError(_("Please choose a period of at most one year."))
            # Leave a day on either side for time zones.
            if not date(1900, 1, 1) <= data["first"] <= data["last"] <= date(9000, 1, 1):
                raise ValidationError(_("Please choose valid dates."))
        return data


def sales_view(model_admin: OrderAdminBase) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view of the sales page."""

    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        if not model_admin.has_view_permission(request):
            raise PermissionDenied
        today = local_day(timezone.now())
        period = _last_days(DEFAULT_DAYS, today)
        data = {"first": period.first, "last": period.last} | request.GET.dict()
        form = PeriodForm(data)
        if form.is_valid():
            period = Period(**form.cleaned_data)
        context = {
            **model_admin.page_context(request, str(_("Sales"))),
            "form": form,
            "period": period,
            "choices": [_make_choice(days, today, period) for days in DAY_CHOICES],
            "reports": [
                {"sales": sales, "chart": draw_chart(sales)}
                for sales in read_sales(model_admin.get_queryset(request), period)
            ],
        }
        return TemplateResponse(request, "admin/stripe_cart/order/sales.html", context)

    return view


def _last_days(count: int, today: date) -> Period:
    """Return the period of the last ``count`` days, including today."""
    return Period(today - timedelta(days=count - 1), today)


def _make_choice(count: int, today: date, shown: Period) -> dict[str, Any]:
    """Return the template's values for the link that shows the last ``count`` days."""
    period = _last_days(count, today)
    return {
        "label": ngettext("%(count)d day", "%(count)d days", count) % {"count": count},
        "query": f"?first={period.first:%Y-%m-%d}&last={period.last:%Y-%m-%d}",
        "is_shown": period == shown,
    }
