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


def build_dispute(charge: Object, *, is_inquiry: bool, created: int) -> Object:
    """Return a new dispute of a charge; an inquiry withdraws no money."""
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE.split()), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": created + 9 * 24 * 60 * 60,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": is_inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": _card_details(charge, is_inquiry=is_inquiry),
            "type": "card",
        },
        "reason": "fraudulent",
        "status": "warning_needs_response" if is_inquiry else "needs_response",
    }


def _card_details(charge: Object, *, is_inquiry: bool) -> Object:
    """Return the details of the disputed card."""
    brand = charge["payment_method_details"].get("card", {}).get("brand", "visa")
    return {
        "brand": brand,
        "case_type": "inquiry" if is_inquiry else "chargeback",
        "network": brand,
        "network_reason_code": "10.4",
    }
