"""Stripe account of the secret key: https://docs.stripe.com/api/accounts/retrieve."""

from __future__ import annotations

from dataclasses import dataclass

from django_stripe_cart.gateway.client import request


@dataclass(frozen=True, slots=True)
class Account:
    """Stripe account that receives the payments."""

    id: str
    name: str
    country: str
    takes_payments: bool


def retrieve_account() -> Account:
    """Return the Stripe account of the secret key. Raises ``PaymentError``."""
    data = request(lambda client: client.v1.accounts.retrieve_current())
    profile = data.get("business_profile") or {}
    return Account(
        id=data["id"],
        name=profile.get("name") or data.get("email") or "",
        country=data.get("country") or "",
        takes_payments=bool(data.get("charges_enabled")),
    )
