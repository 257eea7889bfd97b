"""The EarlyFraudWarning as Stripe returns it."""

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id


def build_early_fraud_warning(charge: Object, *, fraud_type: str, created: int) -> Object:
    """Return a new warning, in which the card's bank reports a charge as fraudulent."""
    return {
        "id": new_id("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": is_actionable(charge),
        "charge": charge["id"],
        "created": created,
        "fraud_type": fraud_type,
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }


def is_actionable(charge: Object) -> bool:
    """Return whether a full refund of a charge can still prevent a dispute."""
    return not charge["refunded"] and not charge["disputed"]
