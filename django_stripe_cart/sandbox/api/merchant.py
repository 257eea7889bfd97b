"""`/v1/account` and `/v1/balance`: who the merchant is and what was earned."""

from collections import Counter

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.http import Object


def retrieve_account(account: Account) -> Object:
    return {
        "id": account.id,
        "object": "account",
        "business_profile": {"name": "Sandbox shop"},
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "created": 1_700_000_000,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "merchant@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


def retrieve_balance(account: Account) -> Object:
    """Return what came in, less fees and what went out, currency by currency."""
    available: Counter[str] = Counter()
    pending: Counter[str] = Counter()
    now = account.clock.now()
    for movement in account.store.find("balance_transaction"):
        pot = available if movement["available_on"] <= now else pending
        pot[movement["currency"]] += movement["net"]
    return {
        "object": "balance",
        "available": _amounts(available),
        "livemode": False,
        "pending": _amounts(pending),
    }


def _amounts(pot: Counter[str]) -> list[Object]:
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(pot.items())
    ] or [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
