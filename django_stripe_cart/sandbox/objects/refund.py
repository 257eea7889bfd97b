"""The Refund in Stripe's format."""

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id, random_token

# Stripe omits `failure_balance_transaction`, `failure_reason` and `pending_reason` while null.
NULL_FIELDS = ("balance_transaction", "source_transfer_reversal", "transfer_reversal")


def build_refund(charge: Object, params: Object, *, amount: int, created: int) -> Object:
    """Return a new, pending refund of an amount of a charge."""
    type = charge["payment_method_details"]["type"]
    return {
        "id": new_id("re" if type == "card" else "pyr"),
        "object": "refund",
        "amount": amount,
        **dict.fromkeys(NULL_FIELDS),
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "destination_details": {type: _destination_details(type), "type": type},
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "status": "pending",
    }


def _destination_details(type: str) -> Object:
    """Return the bank's reference for a card refund. For a bank account, return an empty dict."""
    if type != "card":
        return {}
    return {
        "reference": random_token(12),
        "reference_status": "available",
        "reference_type": "acquirer_reference_number",
        "type": "refund",
    }
