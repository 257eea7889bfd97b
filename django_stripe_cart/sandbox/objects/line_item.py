"""Line items, prices and products in Stripe's format."""

from typing import Any

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id


def build_product(data: Object, *, created: int) -> Object:
    """Return a new product, built from a line item's `product_data`."""
    return {
        "id": new_id("prod", 14),
        "object": "product",
        "active": False,
        "created": created,
        "default_price": None,
        "description": data.get("description"),
        "images": data.get("images", []),
        "livemode": False,
        "marketing_features": [],
        "metadata": data.get("metadata", {}),
        "name": data["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": data.get("tax_code"),
        "type": "service",
        "unit_label": data.get("unit_label"),
        "updated": created,
        "url": None,
    }


def build_price(data: Object, product_id: str, *, created: int) -> Object:
    """Return a new one-time price of a product, built from a line item's `price_data`."""
    return {
        "id": new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": data["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": None,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": data["unit_amount"],
        "unit_amount_decimal": str(data["unit_amount"]),
    }


def build_line_item(params: Object, price: Object, product: Object) -> Object:
    """Return a new line item of a session, before any discount."""
    quantity: int = params.get("quantity", 1)
    subtotal = price["unit_amount"] * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": _build_adjustable_quantity(params.get("adjustable_quantity")),
        "amount_discount": 0,
        "amount_subtotal": subtotal,
        "amount_tax": 0,
        "amount_total": subtotal,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": params.get("metadata", {}),
        "price": price,
        "quantity": quantity,
    }


def _build_adjustable_quantity(data: Object | None) -> dict[str, Any] | None:
    """Return the limits within which the shopper may change a quantity.

    Return None if the shopper may not change the quantity.
    """
    if not data or not data.get("enabled"):
        return None
    return {
        "enabled": True,
        "maximum": data.get("maximum", 99),
        "minimum": data.get("minimum", 0),
    }
