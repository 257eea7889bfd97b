"""`/v1/refunds`: create, update and cancel refunds."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.currencies import check_representable, format_amount
from django_stripe_cart.sandbox.disputes import is_disputed
from django_stripe_cart.sandbox.errors import ApiError, parameter_missing
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.pagination import list_items
from django_stripe_cart.sandbox.parameters import (
    EXPAND,
    Anything,
    Boolean,
    Email,
    Hash,
    Integer,
    Metadata,
    OneOf,
    Text,
)
from django_stripe_cart.sandbox.refunds import amount_refundable, make_refund, set_refund_status

CREATE = Hash(
    {
        "amount": Integer(minimum=1),
        "charge": Text(),
        "currency": Text(),
        "customer": Text(),
        "expand": EXPAND,
        "instructions_email": Email(),
        "metadata": Metadata(),
        "origin": Anything(),
        "payment_intent": Text(),
        "reason": OneOf(["duplicate", "fraudulent", "requested_by_customer"]),
        "refund_application_fee": Boolean(),
        "reverse_transfer": Boolean(),
    }
)
UPDATE = Hash({"metadata": Metadata(), "expand": EXPAND})


def create_refund(account: Account, params: Object) -> Object:
    """Refund all or part of a charge, and return the refund.

    Raise `ApiError` if the charge cannot be refunded, or if the amount is not valid.
    """
    charge = _find_charge(account, params)
    if charge["status"] != "succeeded":
        raise ApiError("Only a charge that succeeded can be refunded.", param="charge")
    if is_disputed(account, charge):
        raise ApiError(
            f"Charge {charge['id']} has been charged back; it cannot be refunded.",
            code="charge_disputed",
        )
    left = amount_refundable(charge)
    if left == 0:
        raise ApiError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = params.get("amount", left)
    _check_refund_amount(amount, left, charge["currency"])
    return make_refund(account, charge, params, amount=amount)


def update_refund(account: Account, id: str, params: Object) -> Object:
    """Add metadata to a refund, and return the refund.

    A new value replaces the old value of the same key.
    """
    refund = account.get("refund", id)
    merged = {**refund["metadata"], **params.get("metadata", {})}
    refund["metadata"] = merged
    account.save(refund)
    account.emit("refund.updated", refund)
    account.emit("charge.refund.updated", refund)
    return refund


def cancel_refund(account: Account, id: str) -> Object:
    """Cancel a refund with the status `requires_action`. Raise `ApiError` for any other refund."""
    refund = account.get("refund", id)
    if refund["status"] != "requires_action":
        raise ApiError(f"A refund with the status {refund['status']} cannot be canceled.")
    return set_refund_status(account, refund, "canceled")


def list_refunds_of_charge(account: Account, id: str, params: Object) -> Object:
    """Return a page of a charge's refunds, newest first."""
    account.get("charge", id)
    refunds = account.store.find("refund", newest_first=True, charge=id)
    return list_items(refunds, f"/v1/charges/{id}/refunds", params)


def _find_charge(account: Account, params: Object) -> Object:
    """Return the charge to refund, found by the parameter `charge` or `payment_intent`."""
    if "charge" in params:
        return account.get("charge", params["charge"], param="charge")
    if "payment_intent" not in params:
        raise parameter_missing("charge")
    intent = account.get("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        raise ApiError(
            f"The payment {intent['id']} has no successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return account.get("charge", intent["latest_charge"])


def _check_refund_amount(amount: int, left: int, currency: str) -> None:
    """Raise `ApiError` if the amount of a refund is not valid.

    The amount must be valid in its currency. It must not exceed `left`, the amount that can still
    be refunded.
    """
    check_representable(amount, currency, param="amount")
    if amount > left:
        asked, rest = format_amount(amount, currency), format_amount(left, currency)
        raise ApiError(
            f"The refund of {asked} is more than the {rest} that is left of this charge.",
            param="amount",
        )
