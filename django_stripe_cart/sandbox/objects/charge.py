"""The Charge in Stripe's format."""

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id, random_token

NULL_FIELDS = (
    "application",
    "application_fee",
    "application_fee_amount",
    "balance_transaction",
    "customer",
    "failure_balance_transaction",
    "failure_code",
    "failure_message",
    "on_behalf_of",
    "receipt_number",
    "review",
    "source",
    "source_transfer",
    "transfer_data",
    "transfer_group",
)
ONLY_IN_PAYMENT_METHOD = ("display_brand", "generated_from", "networks", "three_d_secure_usage")


def build_charge(intent: Object, method: Object, *, created: int, base_url: str) -> Object:
    """Return a new, pending charge of a payment method, for a payment intent."""
    type = method["type"]
    id = new_id("ch" if type == "card" else "py")
    return {
        "id": id,
        "object": "charge",
        **dict.fromkeys(NULL_FIELDS),
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"type": type, type: _payment_method_details(method)},
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_url": f"{base_url}/receipts/{id}",
        "refunded": False,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending",
        "_": {"card": intent["_"]["card"]},
    }


def _payment_method_details(method: Object) -> Object:
    """Return a charge's `payment_method_details`, copied from its payment method."""
    details: Object = method[method["type"]]
    if method["type"] != "card":
        return {**details, "mandate": None}
    return {
        **{name: value for name, value in details.items() if name not in ONLY_IN_PAYMENT_METHOD},
        **dict.fromkeys(("installments", "mandate", "three_d_secure")),
        "network": details["brand"],
        "authorization_code": random_token(6).upper(),
    }
