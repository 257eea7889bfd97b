"""The admin of products: price and stock are editable in the list."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.cart.contents import LOW_STOCK
from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import AmountNotRepresentable
from django_stripe_cart.models import Product
from django_stripe_cart.money import exponent, to_amount
from django_stripe_cart.stock import adjust


class PriceInput(forms.NumberInput):
    """A number input followed by the currency."""

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        """Return the HTML of the input and the currency."""
        field = super().render(*args, **kwargs)
        unit = '{} <span class="stripe-cart-quiet">{}</span>'
        return format_html(unit, field, conf.currency.upper())


class ProductForm(forms.ModelForm):
    """A form that also submits the initial values, so that only changed fields are saved."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # Browsers don't submit the current file.
            field.show_hidden_initial = not isinstance(field, forms.FileField)
        if "price" in self.fields:
            price = self.fields["price"]
            price.widget = PriceInput(price.widget.attrs)
        if isinstance(self.initial.get("price"), Decimal):
            self.initial["price"] = _without_needless_decimals(self.initial["price"])

    def clean_price(self) -> Decimal:
        """Reject a price that the currency can't represent, for example with too many decimals."""
        price: Decimal = self.cleaned_data["price"]
        try:
            to_amount(price, conf.currency)
        except AmountNotRepresentable as error:
            raise ValidationError(str(error)) from error
        return price

    def stock_when_shown(self) -> int | None:
        """Return the stock that the form showed, or None if the stock is not tracked."""
        seen = self.data.get(self["stock"].html_initial_name, "")
        return int(seen) if seen.isdecimal() else None


class StockFilter(admin.SimpleListFilter):
    """A filter by stock: products that are sold out, are low in stock, or have no tracked stock."""

    title = _("stock")
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Return the choices of the filter."""
        return (
            ("out", _("Sold out")),
            ("low", _("%(count)d or fewer left") % {"count": LOW_STOCK}),
            ("uncounted", _("Not tracked")),
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the products that match the chosen filter."""
        conditions: dict[str | None, dict[str, Any]] = {
            "out": {"stock": 0},
            "low": {"stock__lte": LOW_STOCK},
            "uncounted": {"stock": None},
        }
        return queryset.filter(**conditions.get(self.value(), {}))


class ProductAdmin(admin.ModelAdmin):
    """The admin of ``Product``, and of a project's models based on ``AbstractProduct``."""

    form = ProductForm
    list_display = ("name", "price", "stock", "is_active")
    list_editable = ("price", "stock", "is_active")
    list_filter = (StockFilter, "is_active")
    search_fields = ("name", "slug", "description")
    prepopulated_fields = {"slug": ("name",)}

    class Media:
        css = {"all": ("stripe_cart/admin.css",)}

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        """Return the class of the form for a row of the list."""
        return super().get_changelist_form(request, **{"form": ProductForm, **kwargs})

    def save_model(
        self, request: HttpRequest, obj: Product, form: ProductForm, change: bool
    ) -> None:
        """Save all but unchanged fields of the form; change the stock by the difference entered.

        An unchanged field may be older than what a colleague has saved since the form was shown.
        """
        if not change:
            obj.save()
            return
        changed = set(form.changed_data)
        obj.save(update_fields=_fields_to_save(obj, unchanged=set(form.fields) - changed))
        if "stock" in changed and not adjust(obj, seen=form.stock_when_shown(), wanted=obj.stock):
            text = _(
                "The stock of “%(product)s” was not changed: some of it was sold in the meantime."
            )
            self.message_user(request, text % {"product": obj}, messages.ERROR)


def _fields_to_save(product: Product, *, unchanged: set[str]) -> list[str]:
    """Return the names of the columns to save.

    The primary key, the stock and the ``unchanged`` columns are left out. Columns that are not in
    the form are saved, because the model's ``save()`` may derive them.
    """
    left_out = {"stock", *unchanged}
    fields = (field for field in product._meta.concrete_fields if not field.primary_key)
    return [f.name for f in fields if f.name not in left_out and not getattr(f, "generated", False)]


def _without_needless_decimals(price: Decimal) -> Decimal:
    """Return the price without zeros in decimal places that the currency does not have."""
    short = price.quantize(Decimal(1).scaleb(-exponent(conf.currency)))
    return short if short == price else price
