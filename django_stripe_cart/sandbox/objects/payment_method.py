"""The PaymentMethod in Stripe's format: a card or a bank account."""

from django_stripe_cart.sandbox.cards import Card
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.ids import new_id


def build_payment_method(type: str, billing: Object, card: Card | None, *, created: int) -> Object:
    """Return a new payment method.

    The payment method is a card, or a bank account if `card` is None.
    """
    details = _card_details(card, billing) if card else _bank_details(type)
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": _build_billing_details(billing),
        type: details,
        "created": created,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": type,
    }


def _card_details(card: Card, billing: Object) -> Object:
    """Return the part of a payment method that describes its card."""
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "fail" if card.decline_code == "incorrect_cvc" else "pass",
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": billing["exp_month"],
        "exp_year": billing["exp_year"],
        "fingerprint": f"Sandbox{card.number[-9:]}",
        "funding": "credit",
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _bank_details(type: str) -> Object:
    """Return the part of a payment method that describes its bank account."""
    details: Object = {"last4": "6789", "fingerprint": "SandboxBank0001"}
    if type == "us_bank_account":
        details |= {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "Sandbox Bank",
            "routing_number": "110000000",
        }
    return details


def _build_billing_details(billing: Object) -> Object:
    """Return the payer's name and e-mail address in the format of a payment method."""
    return {
        "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
        "email": billing["email"],
        "name": billing["name"],
        "phone": None,
        "tax_id": None,
    }
