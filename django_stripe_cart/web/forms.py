"""Forms of the cart: a product and a quantity, never a price."""

from __future__ import annotations

from typing import Any

from django import forms

from django_stripe_cart.cart.contents import MAX_QUANTITY
from django_stripe_cart.exceptions import ProductUnavailable, QuantityNotAllowed
from django_stripe_cart.models import get_product_model

# Our own messages: Django's defaults speak of form fields, and the shopper sees a button.
NO_PRODUCT = dict.fromkeys(("required", "invalid_choice"), ProductUnavailable.default_message)
NO_QUANTITY = dict.fromkeys(
    ("required", "invalid", "min_value", "max_value"), QuantityNotAllowed.default_message
)


class ProductKeyField(forms.Field):
    """A product's primary key. The cart checks under its lock whether the product exists."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            return get_product_model()._meta.pk.to_python(str(value).replace("\x00", ""))
        except forms.ValidationError as error:
            raise forms.ValidationError(NO_PRODUCT["invalid_choice"]) from error


class ProductForm(forms.Form):
    product = ProductKeyField(error_messages=NO_PRODUCT)


class AddForm(ProductForm):
    quantity = forms.IntegerField(
        min_value=1,
        max_value=MAX_QUANTITY,
        initial=1,
        required=False,
        error_messages=NO_QUANTITY,
    )
    quantity_before = forms.IntegerField(min_value=0, max_value=MAX_QUANTITY, required=False)

    def clean_quantity(self) -> int:
        return self.cleaned_data["quantity"] or 1

    def find_product(self) -> Any:
        """Return the product if the default manager of its model finds it, else None."""
        products = get_product_model()._default_manager
        return products.filter(pk=self.cleaned_data["product"]).first()


class QuantityForm(ProductForm):
    quantity = forms.IntegerField(min_value=0, max_value=MAX_QUANTITY, error_messages=NO_QUANTITY)
