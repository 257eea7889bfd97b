"""Charges of cards and bank accounts."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.cards import find_card
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.balance_transaction import build_balance_transaction
from django_stripe_cart.sandbox.objects.charge import build_charge
from django_stripe_cart.sandbox.payment_intents import require_payment_method

DEBIT_FAILED = "The customer's bank account could not be debited."


def charge_card(account: Account, intent: Object, method: Object) -> bool:
    """Charge the card of a payment intent, and return whether the charge succeeded."""
    card = find_card(intent["_"]["card"])
    charge = _build_charge(account, intent, method)
    if card.decline_code is None:
        _mark_succeeded(account, intent, charge)
        return True
    charge["outcome"] = _build_outcome(card.decline_code)
    _mark_failed(
        account, intent, charge, card.error_code, card.message, decline_code=card.decline_code
    )
    return False


def charge_bank_account(account: Account, intent: Object, method: Object) -> None:
    """Start a bank debit: its charge is pending until `settle_bank_debit` is called."""
    charge = _build_charge(account, intent, method)
    account.save(charge)
    intent.update(status="processing", latest_charge=charge["id"], next_action=None)
    account.save(intent)
    account.emit("charge.pending", charge)
    account.emit("payment_intent.processing", intent)


def settle_bank_debit(account: Account, intent: Object, *, ok: bool) -> None:
    """Settle the pending bank debit of a payment intent. With `ok=False`, the debit fails."""
    charge = account.get("charge", intent["latest_charge"])
    if ok:
        _mark_succeeded(account, intent, charge)
    else:
        charge["outcome"] = _build_outcome("insufficient_funds")
        _mark_failed(account, intent, charge, "payment_intent_payment_attempt_failed", DEBIT_FAILED)


def _build_charge(account: Account, intent: Object, method: Object) -> Object:
    """Return a new, pending charge of a payment method, for a payment intent."""
    return build_charge(intent, method, created=account.clock.now(), base_url=account.base_url)


def _mark_succeeded(account: Account, intent: Object, charge: Object) -> None:
    """Mark a charge and its payment intent as succeeded.

    Also add the charge to the merchant's balance, and create an event for the charge and an event
    for the payment intent.
    """
    fee = min(charge["amount"], charge["amount"] * 29 // 1000 + 30)
    transaction = build_balance_transaction(
        charge, charge["amount"], "charge", created=account.clock.now(), fee=fee
    )
    account.save(transaction)
    charge.update(
        status="succeeded",
        paid=True,
        captured=True,
        amount_captured=charge["amount"],
        balance_transaction=transaction["id"],
        outcome=_build_outcome(None),
    )
    account.save(charge)
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
    )
    account.save(intent)
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.succeeded", intent)


def _mark_failed(
    account: Account,
    intent: Object,
    charge: Object,
    code: str,
    message: str,
    *,
    decline_code: str | None = None,
) -> None:
    """Mark a charge as failed, and make its payment intent require another payment method.

    Create an event for the charge and an event for the payment intent.
    """
    charge.update(
        status="failed", paid=False, failure_code=code, failure_message=message, receipt_url=None
    )
    account.save(charge)
    intent["latest_charge"] = charge["id"]
    account.emit("charge.failed", charge)
    require_payment_method(
        account, intent, code, message, charge=charge["id"], decline_code=decline_code
    )


def _build_outcome(decline_code: str | None) -> Object:
    """Return the `outcome` of a charge.

    `decline_code` is the reason for a decline, or None if the charge is approved.
    """
    is_approved = decline_code is None
    return {
        **dict.fromkeys(("advice_code", "network_advice_code", "network_decline_code")),
        "network_status": "approved_by_network" if is_approved else "declined_by_network",
        "reason": decline_code,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete." if is_approved else "The bank declined the payment.",
        "type": "authorized" if is_approved else "issuer_declined",
    }
