"""Stripe account of the secret key: https://docs.stripe.com/api/accounts/retrieve."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django_stripe_cart.gateway.client import request_answer


@dataclass(frozen=True, slots=True)
class Account:
    """Stripe account that receives the payments.

    ``sent_at`` is the time at which Stripe sent the account's data, by Stripe's clock. It is None
    if this time is not known.
    """

    id: str
    name: str
    country: str
    takes_payments: bool
    sent_at: datetime | None = field(default=None, compare=False)


def retrieve_account() -> Account:
    """Return the Stripe account of the secret key. Raises ``PaymentError``."""
    answer = request_answer(lambda client: client.v1.accounts.retrieve_current())
    data = answer.data
    profile = data.get("business_profile") or {}
    return Account(
        id=data["id"],
        name=profile.get("name") or data.get("email") or "",
        country=data.get("country") or "",
        takes_payments=bool(data.get("charges_enabled")),
        sent_at=answer.sent_at,
    )
