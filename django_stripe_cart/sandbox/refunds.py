"""The steps of a refund, and the refunded amounts of charges."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.cards import find_card
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.balance_transaction import build_balance_transaction
from django_stripe_cart.sandbox.objects.refund import build_refund
from django_stripe_cart.sandbox.radar import record_refund

STATUSES = ("pending", "requires_action", "succeeded", "failed", "canceled")
# Refunds in these statuses count toward the charge's `amount_refunded`.
COUNTED_STATUSES = ("pending", "requires_action", "succeeded")
# Seconds until the refund of a special test card changes its status.
DELAY = 30
FAILURE_REASON = "expired_or_canceled_card"


def make_refund(account: Account, charge: Object, params: Object, *, amount: int) -> Object:
    """Refund an amount of a charge, and return the refund.

    With some test cards, the refund waits or fails.
    """
    refund = build_refund(charge, params, amount=amount, created=account.clock.now())
    outcome = find_card(charge["_"]["card"]).refund if charge["_"]["card"] else "succeeded"
    if outcome == "pending":
        refund["pending_reason"] = "processing"
        account.schedule(DELAY, "refund_succeeds", refund["id"])
    else:
        refund["status"] = "succeeded"
    if outcome == "fails":
        account.schedule(DELAY, "refund_fails", refund["id"])
    refund["balance_transaction"] = _add_balance_transaction(account, refund, -amount, "refund")
    account.save(refund)
    _update_charge_totals(account, charge)
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge)
    record_refund(account, charge, refund["reason"])
    return refund


def set_refund_status(account: Account, refund: Object, status: str) -> Object:
    """Set a refund's status, and update the refunded amount of its charge.

    Any status can replace any other status.
    """
    before = refund["status"]
    refund["status"] = status
    refund.pop("pending_reason", None)
    if status in ("failed", "canceled") and before in COUNTED_STATUSES:
        if status == "failed":
            refund["failure_reason"] = FAILURE_REASON
        transaction = _add_balance_transaction(account, refund, refund["amount"], "refund_failure")
        refund["failure_balance_transaction"] = transaction
    account.save(refund)
    charge = account.get("charge", refund["charge"])
    _update_charge_totals(account, charge)
    account.emit("refund.updated", refund, status=before)
    account.emit("charge.refund.updated", refund, status=before)
    if status == "failed":
        account.emit("refund.failed", refund)
    record_refund(account, charge, refund["reason"])
    return refund


def amount_refundable(charge: Object) -> int:
    """Return the amount of a charge that can still be refunded."""
    return int(charge["amount_captured"] - charge["amount_refunded"])


def _add_balance_transaction(account: Account, refund: Object, amount: int, type: str) -> str:
    """Add an amount to the merchant's balance, and return the id of the balance transaction.

    The amount of a refund is negative. If a refund fails or is canceled, the amount is positive.
    """
    transaction = build_balance_transaction(refund, amount, type, created=account.clock.now())
    return str(account.save(transaction)["id"])


def _update_charge_totals(account: Account, charge: Object) -> None:
    """Calculate the refunded amount of a charge from its refunds, and store the charge."""
    refunds = account.store.find("refund", charge=charge["id"])
    amount = sum(refund["amount"] for refund in refunds if refund["status"] in COUNTED_STATUSES)
    charge.update(amount_refunded=amount, refunded=amount == charge["amount_captured"])
    account.save(charge)
