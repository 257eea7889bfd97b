"""How money goes back: the one place that changes refunds, and what a charge says of them."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.cards import find_card
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.balance_transaction import build_balance_transaction
from django_stripe_cart.sandbox.objects.refund import build_refund

STATUSES = ("pending", "requires_action", "succeeded", "failed", "canceled")
# Refunds in these states have taken their amount off the charge.
COUNTED = ("pending", "requires_action", "succeeded")
# How long the two special cards take to change their minds.
LATER = 30
FAILURE_REASON = "expired_or_canceled_card"


def make_refund(account: Account, charge: Object, params: Object, *, amount: int) -> Object:
    """Give back a part of a charge, or all of it."""
    refund = build_refund(charge, params, amount=amount, created=account.clock.now())
    fate = find_card(charge["_"]["card"]).refund if charge["_"]["card"] else "succeeded"
    if fate == "pending":
        refund["pending_reason"] = "processing"
        account.later(LATER, "refund_succeeds", refund["id"])
    else:
        refund["status"] = "succeeded"
    if fate == "fails":
        account.later(LATER, "refund_fails", refund["id"])
    refund["balance_transaction"] = _move_money(account, refund, -amount, "refund")
    account.save(refund)
    _count(account, charge)
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge)
    return refund


def move_refund(account: Account, refund: Object, status: str) -> Object:
    """Let a refund succeed, fail, be canceled or wait, whatever it did before."""
    before = refund["status"]
    refund["status"] = status
    refund.pop("pending_reason", None)
    if status in ("failed", "canceled") and before in COUNTED:
        _return_money(account, refund, status)
    account.save(refund)
    charge = account.get("charge", refund["charge"])
    _count(account, charge)
    account.emit("refund.updated", refund, status=before)
    account.emit("charge.refund.updated", refund, status=before)
    if status == "failed":
        account.emit("refund.failed", refund)
    return refund


def amount_left(charge: Object) -> int:
    """Return how much of a charge can still be given back."""
    return int(charge["amount_captured"] - charge["amount_refunded"])


def _return_money(account: Account, refund: Object, status: str) -> None:
    if status == "failed":
        refund["failure_reason"] = FAILURE_REASON
    movement = _move_money(account, refund, refund["amount"], "refund_failure")
    refund["failure_balance_transaction"] = movement


def _move_money(account: Account, refund: Object, amount: int, type: str) -> str:
    movement = build_balance_transaction(refund, amount, type, created=account.clock.now())
    return str(account.save(movement)["id"])


def _count(account: Account, charge: Object) -> None:
    refunds = account.store.find("refund", charge=charge["id"])
    amount = sum(refund["amount"] for refund in refunds if refund["status"] in COUNTED)
    charge.update(amount_refunded=amount, refunded=amount == charge["amount_captured"])
    account.save(charge)
