"""`/v1/account` and `/v1/balance`: read the merchant's account and balance."""

from collections import Counter

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.http import Object


def retrieve_account(account: Account) -> Object:
    """Return the merchant's account."""
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
    """Return the merchant's available and pending balance in each currency."""
    available: Counter[str] = Counter()
    pending: Counter[str] = Counter()
    now = account.clock.now()
    for transaction in account.store.find("balance_transaction"):
        totals = available if transaction["available_on"] <= now else pending
        totals[transaction["currency"]] += transaction["net"]
    return {
        "object": "balance",
        "available": _balance_amounts(available),
        "livemode": False,
        "pending": _balance_amounts(pending),
    }


def _balance_amounts(totals: Counter[str]) -> list[Object]:
    """Return a balance in Stripe's format: one amount for each currency.

    If `totals` is empty, return an amount of zero US dollars.
    """
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(totals.items())
    ] or [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
