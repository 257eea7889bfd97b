"""The PaymentIntent in Stripe's format."""

from typing import Any

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id, random_token

NULL_FIELDS = (
    "amount_details",
    "application",
    "application_fee_amount",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "customer",
    "customer_account",
    "excluded_payment_method_types",
    "last_payment_error",
    "latest_charge",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "payment_method_configuration_details",
    "processing",
    "review",
    "setup_future_usage",
    "source",
    "transfer_data",
    "transfer_group",
)


def build_payment_intent(session: Object, *, created: int) -> Object:
    """Return a new payment intent for a session's total, without a payment method."""
    data: dict[str, Any] = session["_"]["payment_intent_data"]
    id = new_id("pi")
    return {
        "id": id,
        "object": "payment_intent",
        **dict.fromkeys(NULL_FIELDS),
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": data.get("capture_method", "automatic_async"),
        "client_secret": f"{id}_secret_{random_token(25)}",
        "confirmation_method": "automatic",
        "created": created,
        "currency": session["currency"],
        "description": data.get("description"),
        "livemode": False,
        "metadata": data.get("metadata", {}),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": session["payment_method_types"],
        "receipt_email": data.get("receipt_email"),
        "shipping": data.get("shipping"),
        "statement_descriptor": data.get("statement_descriptor"),
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "_": {"session": session["id"], "card": None},
    }
