"""The BalanceTransaction in Stripe's format."""

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id


def build_balance_transaction(
    source: Object, amount: int, type: str, *, created: int, fee: int = 0
) -> Object:
    """Return a new balance transaction for `source`, which is a charge, refund or dispute.

    A negative `amount` is withdrawn from the merchant's balance.
    """
    fee_details = {
        "amount": fee,
        "application": None,
        "currency": source["currency"],
        "description": "Sandbox processing fees",
        "type": "stripe_fee",
    }
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created + 2 * 24 * 60 * 60,
        "balance_type": "payments",
        "created": created,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [fee_details] if fee else [],
        "net": amount - fee,
        "reporting_category": type,
        "source": source["id"],
        "status": "pending",
        "type": type,
    }
