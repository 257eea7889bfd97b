"""The Dispute in Stripe's format."""

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id

EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"
    " cancellation_rebuttal customer_communication customer_email_address customer_name"
    " customer_purchase_ip customer_signature duplicate_charge_documentation"
    " duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy"
    " refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation"
    " shipping_tracking_number uncategorized_file uncategorized_text"
)


def build_dispute(charge: Object, *, status: str, reason: str, amount: int, created: int) -> Object:
    """Return a new dispute over a charge, without withdrawing any money."""
    is_final = status == "lost"
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE.split()), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": 0 if is_final else created + 9 * 24 * 60 * 60,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": True,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": _payment_method_details(charge, status),
        "reason": reason,
        "status": status,
    }


def _payment_method_details(charge: Object, status: str) -> Object | None:
    """Return a dispute's payment method details, or None for a bank debit."""
    if charge["payment_method_details"]["type"] != "card":
        return None
    is_inquiry = status.startswith("warning_")
    return {"card": _card_details(charge, is_inquiry=is_inquiry), "type": "card"}


def _card_details(charge: Object, *, is_inquiry: bool) -> Object:
    """Return a dispute's card details: the card's brand, and whether the dispute is an inquiry."""
    brand = charge["payment_method_details"]["card"]["brand"]
    return {
        "brand": brand,
        "case_type": "inquiry" if is_inquiry else "chargeback",
        "network": brand,
        "network_reason_code": "10.4",
    }
