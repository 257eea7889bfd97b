"""Disputes: a shopper's bank takes the money back, and may give it again."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.balance_transaction import build_balance_transaction
from django_stripe_cart.sandbox.objects.dispute import build_dispute

FEE = 1500
CLOSED = ("won", "lost", "warning_closed")


def open_dispute(account: Account, charge: Object, *, is_inquiry: bool = False) -> Object:
    """Have the shopper's bank call a charge fraudulent, and take the money.

    An inquiry only asks first, and takes nothing.
    """
    dispute = build_dispute(charge, is_inquiry=is_inquiry, created=account.clock.now())
    if not is_inquiry:
        _move_money(account, dispute, -charge["amount"])
        charge["disputed"] = True
        account.save(charge)
    account.save(dispute)
    account.emit("charge.dispute.created", dispute)
    if not is_inquiry:
        account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def move_dispute(account: Account, dispute: Object, status: str) -> Object:
    """Let a dispute go on, to be under review for instance."""
    before, dispute["status"] = dispute["status"], status
    account.save(dispute)
    account.emit("charge.dispute.updated", dispute, status=before)
    return dispute


def close_dispute(account: Account, dispute: Object, *, won: bool) -> Object:
    """Have the bank decide; a won dispute brings the money back."""
    if dispute["status"] in CLOSED:
        raise ApiError("This dispute is already closed.")
    is_inquiry = dispute["status"].startswith("warning")
    dispute["status"] = "warning_closed" if is_inquiry else "won" if won else "lost"
    if dispute["status"] == "won":
        dispute["is_charge_refundable"] = True
        _move_money(account, dispute, dispute["amount"])
    account.save(dispute)
    account.emit("charge.dispute.closed", dispute)
    if dispute["status"] == "won":
        account.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def is_disputed(account: Account, charge: Object) -> bool:
    """Return whether a charge's money is not the merchant's to give back."""
    disputes = account.store.find("dispute", charge=charge["id"])
    return any(not dispute["is_charge_refundable"] for dispute in disputes)


def _move_money(account: Account, dispute: Object, amount: int) -> None:
    movement = build_balance_transaction(
        dispute,
        amount,
        "adjustment",
        created=account.clock.now(),
        fee=FEE if amount < 0 else 0,
    )
    dispute["balance_transactions"].append(account.save(movement))
