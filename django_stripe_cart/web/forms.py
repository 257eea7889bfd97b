"""Forms that change the cart. They contain a product and a quantity, but never a price."""

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
    """A form field for a product's primary key.

    The field does not check whether the product exists. The cart checks this while it is locked.
    """

    def to_python(self, value: Any) -> Any:
        """Return ``value`` as a primary key, or None if it is empty. Raises ``ValidationError``."""
        if value in self.empty_values:
            return None
        try:
            return get_product_model()._meta.pk.to_python(str(value).replace("\x00", ""))
        except forms.ValidationError as error:
            raise forms.ValidationError(NO_PRODUCT["invalid_choice"]) from error


class ProductForm(forms.Form):
    """A form that names a product, to remove it from the cart."""

    product = ProductKeyField(error_messages=NO_PRODUCT)


class AddForm(ProductForm):
    """A form that adds a product to the cart.

    ``quantity_before`` is the quantity in the cart before the form was sent for the first time.
    With it, a repeated request does not add the product a second time.
    """

    quantity = forms.IntegerField(
        min_value=1, max_value=MAX_QUANTITY, initial=1, required=False, error_messages=NO_QUANTITY
    )
    quantity_before = forms.IntegerField(min_value=0, max_value=MAX_QUANTITY, required=False)

    def clean_quantity(self) -> int:
        """Return the quantity, or 1 if no quantity was sent."""
        return self.cleaned_data["quantity"] or 1

    def find_product(self) -> Any:
        """Return the product, or None if the default manager of its model does not find it."""
        products = get_product_model()._default_manager
        return products.filter(pk=self.cleaned_data["product"]).first()


class QuantityForm(ProductForm):
    """A form that sets the quantity of a product in the cart."""

    quantity = forms.IntegerField(min_value=0, max_value=MAX_QUANTITY, error_messages=NO_QUANTITY)
