"""Carts, orders and errors as data for the JSON responses."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from django_stripe_cart.cart.contents import CartContents, CartLine
from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.models import Order, OrderItem
from django_stripe_cart.web.pagination import Page

Data = dict[str, Any]


def serialize_cart(contents: CartContents) -> Data:
    """Return a cart as data for JSON. Amounts are ints in the smallest currency unit."""
    return {
        "lines": [_serialize_cart_line(line) for line in contents.lines],
        "quantity": contents.quantity,
        "total": contents.total,
        "currency": contents.currency,
        "fingerprint": contents.fingerprint,
    }


def serialize_order(order: Order, *, is_own: bool = True) -> Data:
    """Return an order as data for JSON. Amounts are ints in the smallest currency unit.

    ``is_own`` is whether the shopper placed the order. If not, the data does not contain the
    receipt, because the receipt shows the customer's name.
    """
    has_receipt = order.has_receipt and is_own
    return {
        "reference": str(order.reference),
        "number": order.number,
        "status": order.status,
        "status_text": order.get_status_display(),
        "currency": order.currency,
        "total": order.total,
        "amount_paid": order.amount_paid,
        "amount_refunded": order.amount_refunded,
        "placed_at": order.placed_at.isoformat(),
        "paid_at": order.paid_at.isoformat() if order.paid_at else None,
        "fulfilled_at": order.fulfilled_at.isoformat() if order.fulfilled_at else None,
        "lines": [_serialize_order_item(item) for item in order.items.all()],
        "url": order.get_absolute_url(),
        "payment_url": order.session_url if order.is_payable else None,
        "receipt_url": (
            reverse("stripe_cart:receipt", args=[order.reference]) if has_receipt else None
        ),
    }


def serialize_orders(page: Page[Order]) -> Data:
    """Return a page of orders as data for JSON."""
    return {
        "orders": [serialize_order(order) for order in page],
        "page": page.number,
        "has_next": page.has_next,
    }


def serialize_error(error: StripeCartError) -> Data:
    """Return an error's code and text as data for JSON."""
    return {"code": error.code, "text": str(error)}


def _serialize_cart_line(line: CartLine) -> Data:
    """Return a line of the cart as data for JSON."""
    item = line.item
    return {
        "product": line.product.pk,
        "name": line.name,
        "sku": item.sku if item else "",
        "image": item.image if item else "",
        "unit_amount": item.unit_amount if item else None,
        "quantity": line.quantity,
        "total": line.total,
        "available": line.available,
        "problem": serialize_error(line.problem) if line.problem else None,
    }


def _serialize_order_item(item: OrderItem) -> Data:
    """Return an item of an order as data for JSON."""
    return {
        "product": item.product_id,
        "name": item.name,
        "sku": item.sku,
        "unit_amount": item.unit_amount,
        "quantity": item.quantity,
        "total": item.total,
    }
