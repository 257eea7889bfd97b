"""Disputes: the bank withdraws a payment, and returns it if the merchant wins."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.balance_transaction import build_balance_transaction
from django_stripe_cart.sandbox.objects.dispute import build_dispute
from django_stripe_cart.sandbox.radar import record_dispute

FEE = 1500
CLOSED = ("won", "lost", "warning_closed")
INQUIRY = "warning_"


def open_dispute(
    account: Account,
    charge: Object,
    *,
    status: str = "needs_response",
    reason: str = "fraudulent",
    amount: int | None = None,
) -> Object:
    """Open a dispute over a charge, and withdraw the disputed amount from the merchant.

    By default, `amount` is the amount of the charge. An inquiry has a status such as
    `warning_needs_response`, and withdraws nothing. A dispute has the status `lost` from the start
    if the bank takes back a bank debit.
    """
    amount = charge["amount"] if amount is None else amount
    if charge["status"] != "succeeded":
        raise ApiError("Only a payment that succeeded can be disputed.")
    if not 0 < amount <= charge["amount"]:
        raise ApiError("A dispute is about no more than the amount of its payment.")
    dispute = build_dispute(
        charge, status=status, reason=reason, amount=amount, created=account.clock.now()
    )
    is_withdrawn = _withholds_money(dispute)
    if is_withdrawn:
        _withdraw_money(account, dispute, charge)
    account.save(dispute)
    account.emit("charge.dispute.created", dispute)
    if is_withdrawn:
        account.emit("charge.dispute.funds_withdrawn", dispute)
    if status in CLOSED:
        account.emit("charge.dispute.closed", dispute)
    if is_withdrawn:
        record_dispute(account, charge)
    return dispute


def set_dispute_status(account: Account, dispute: Object, status: str) -> Object:
    """Set a dispute's status, and withdraw or return the money as the new status requires."""
    before, dispute["status"] = dispute["status"], status
    was_withdrawn, is_withdrawn = not dispute["is_charge_refundable"], _withholds_money(dispute)
    charge = account.get("charge", dispute["charge"])
    if is_withdrawn and not was_withdrawn:
        _withdraw_money(account, dispute, charge)
    elif was_withdrawn and not is_withdrawn:
        dispute["is_charge_refundable"] = True
        _add_balance_transaction(account, dispute, dispute["amount"])
    account.save(dispute)
    if status in CLOSED:
        account.emit("charge.dispute.closed", dispute)
    else:
        account.emit("charge.dispute.updated", dispute, status=before)
    if is_withdrawn and not was_withdrawn:
        account.emit("charge.dispute.funds_withdrawn", dispute)
        record_dispute(account, charge)
    elif was_withdrawn and not is_withdrawn:
        account.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def close_dispute(account: Account, dispute: Object, *, won: bool) -> Object:
    """Close a dispute. If the merchant wins the dispute, return the money.

    `won` is whether the merchant wins. An inquiry is neither won nor lost, and gets the status
    `warning_closed`.
    """
    if dispute["status"] in CLOSED:
        raise ApiError("This dispute is already closed.")
    is_inquiry = dispute["status"].startswith(INQUIRY)
    status = "warning_closed" if is_inquiry else "won" if won else "lost"
    return set_dispute_status(account, dispute, status)


def is_disputed(account: Account, charge: Object) -> bool:
    """Return whether the bank withholds the money of a charge.

    A charge whose money is withheld cannot be refunded.
    """
    disputes = account.store.find("dispute", charge=charge["id"])
    return any(not dispute["is_charge_refundable"] for dispute in disputes)


def _withholds_money(dispute: Object) -> bool:
    """Return whether the bank withholds the money of a disputed charge.

    The bank withholds the money until the merchant wins the dispute. In an inquiry, the bank
    withholds nothing.
    """
    return dispute["status"] != "won" and not dispute["status"].startswith(INQUIRY)


def _withdraw_money(account: Account, dispute: Object, charge: Object) -> None:
    """Withdraw a dispute's amount from the merchant, and mark the charge as disputed."""
    dispute["is_charge_refundable"] = False
    _add_balance_transaction(account, dispute, -dispute["amount"])
    charge["disputed"] = True
    account.save(charge)


def _add_balance_transaction(account: Account, dispute: Object, amount: int) -> None:
    """Add an amount to the merchant's balance because of a dispute.

    A negative amount is withdrawn from the balance, and the merchant pays a fee.
    """
    transaction = build_balance_transaction(
        dispute,
        amount,
        "adjustment",
        created=account.clock.now(),
        fee=FEE if amount < 0 else 0,
    )
    dispute["balance_transactions"].append(account.save(transaction))
