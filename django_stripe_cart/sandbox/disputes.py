"""Disputes: the bank withdraws a payment, and returns it if the merchant wins."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.balance_transaction import build_balance_transaction
from django_stripe_cart.sandbox.objects.dispute import build_dispute

FEE = 1500
CLOSED = ("won", "lost", "warning_closed")


def open_dispute(account: Account, charge: Object, *, is_inquiry: bool = False) -> Object:
    """Open a dispute over a charge, and withdraw the money from the merchant's balance.

    An inquiry (`is_inquiry`) is a dispute that withdraws no money.
    """
    dispute = build_dispute(charge, is_inquiry=is_inquiry, created=account.clock.now())
    if not is_inquiry:
        _add_balance_transaction(account, dispute, -charge["amount"])
        charge["disputed"] = True
        account.save(charge)
    account.save(dispute)
    account.emit("charge.dispute.created", dispute)
    if not is_inquiry:
        account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def set_dispute_status(account: Account, dispute: Object, status: str) -> Object:
    """Set a dispute's status, e.g. to `under_review`."""
    before, dispute["status"] = dispute["status"], status
    account.save(dispute)
    account.emit("charge.dispute.updated", dispute, status=before)
    return dispute


def close_dispute(account: Account, dispute: Object, *, won: bool) -> Object:
    """Close a dispute as won or lost by the merchant. If it is won, return the money."""
    if dispute["status"] in CLOSED:
        raise ApiError("This dispute is already closed.")
    is_inquiry = dispute["status"].startswith("warning")
    dispute["status"] = "warning_closed" if is_inquiry else "won" if won else "lost"
    if dispute["status"] == "won":
        dispute["is_charge_refundable"] = True
        _add_balance_transaction(account, dispute, dispute["amount"])
    account.save(dispute)
    account.emit("charge.dispute.closed", dispute)
    if dispute["status"] == "won":
        account.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def is_disputed(account: Account, charge: Object) -> bool:
    """Return whether a dispute prevents refunds of a charge."""
    disputes = account.store.find("dispute", charge=charge["id"])
    return any(not dispute["is_charge_refundable"] for dispute in disputes)


def _add_balance_transaction(account: Account, dispute: Object, amount: int) -> None:
    """Add or withdraw an amount from the merchant's balance because of a dispute."""
    transaction = build_balance_transaction(
        dispute,
        amount,
        "adjustment",
        created=account.clock.now(),
        fee=FEE if amount < 0 else 0,
    )
    dispute["balance_transactions"].append(account.save(transaction))
