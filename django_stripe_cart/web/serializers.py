"""The JSON for hosts with a front end of their own: the documented shapes, and nothing else."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from django_stripe_cart.cart.contents import CartLine, Contents
from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.models import Order, OrderItem
from django_stripe_cart.web.pagination import Page

Shape = dict[str, Any]


def cart_shape(contents: Contents) -> Shape:
    """Amounts are ints in the smallest unit of ``currency``."""
    return {
        "lines": [_cart_line(line) for line in contents.lines],
        "quantity": contents.quantity,
        "total": contents.total,
        "currency": contents.currency,
        "fingerprint": contents.fingerprint,
    }


def order_shape(order: Order, *, is_own: bool = True) -> Shape:
    """Who only knows a guest's address is not shown the receipt, which names the guest."""
    shows_receipt = order.has_receipt and is_own
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
        "lines": [_order_line(item) for item in order.items.all()],
        "url": order.get_absolute_url(),
        "payment_url": order.session_url if order.is_payable else None,
        "receipt_url": (
            reverse("stripe_cart:receipt", args=[order.reference]) if shows_receipt else None
        ),
    }


def orders_shape(page: Page[Order]) -> Shape:
    return {
        "orders": [order_shape(order) for order in page],
        "page": page.number,
        "has_next": page.has_next,
    }


def problem_shape(error: StripeCartError) -> Shape:
    return {"code": error.slug, "text": str(error)}


def _cart_line(line: CartLine) -> Shape:
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
        "problem": problem_shape(line.problem) if line.problem else None,
    }


def _order_line(item: OrderItem) -> Shape:
    return {
        "product": item.product_id,
        "name": item.name,
        "sku": item.sku,
        "unit_amount": item.unit_amount,
        "quantity": item.quantity,
        "total": item.total,
    }
