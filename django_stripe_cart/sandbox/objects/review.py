"""The Review as Stripe returns it."""

from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id

LOCATION_FIELDS = ("city", "country", "latitude", "longitude", "region")
SESSION_FIELDS = ("browser", "device", "platform", "version")


def build_review(charge: Object, *, opened_reason: str, created: int) -> Object:
    """Return a new, open review of a charge."""
    return {
        "id": new_id("prv"),
        "object": "review",
        "billing_zip": charge["billing_details"]["address"]["postal_code"],
        "charge": charge["id"],
        "closed_reason": None,
        "created": created,
        "ip_address": "127.0.0.1",
        "ip_address_location": dict.fromkeys(LOCATION_FIELDS),
        "livemode": False,
        "open": True,
        "opened_reason": opened_reason,
        "payment_intent": charge["payment_intent"],
        "reason": opened_reason,
        "session": dict.fromkeys(SESSION_FIELDS),
    }
