"""Coupons and shipping rates in Stripe's format."""

from typing import Any

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id


def build_coupon(
    id: str,
    *,
    percent_off: float | None,
    amount_off: int | None,
    currency: str | None,
    created: int,
) -> Object:
    """Return a new coupon, which takes off a percentage or an amount."""
    return {
        "id": id,
        "object": "coupon",
        "amount_off": amount_off,
        "created": created,
        "currency": currency,
        "duration": "once",
        "duration_in_months": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "name": id,
        "percent_off": percent_off,
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    }


def discount_amount(coupon: Object, subtotal: int) -> int:
    """Return the amount that a coupon takes off a session's subtotal."""
    if coupon["percent_off"] is not None:
        return int(subtotal * coupon["percent_off"] / 100 + 0.5)
    return min(subtotal, int(coupon["amount_off"]))


def build_shipping_rate(data: Object, *, created: int) -> Object:
    """Return a new shipping rate with a fixed amount.

    `data` is the `shipping_rate_data` from the parameters of a session.
    """
    amount: dict[str, Any] = data.get("fixed_amount", {})
    return {
        "id": new_id("shr"),
        "object": "shipping_rate",
        "active": True,
        "created": created,
        "delivery_estimate": data.get("delivery_estimate"),
        "display_name": data["display_name"],
        "fixed_amount": {"amount": amount["amount"], "currency": amount["currency"]},
        "livemode": False,
        "metadata": data.get("metadata", {}),
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tax_code": data.get("tax_code"),
        "type": "fixed_amount",
    }
