"""Reviews and early fraud warnings. Refunds and disputes close reviews and update warnings."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.objects.early_fraud_warning import (
    build_early_fraud_warning,
    is_actionable,
)
from django_stripe_cart.sandbox.objects.review import build_review

OPENED_REASONS = ("rule", "manual")
CLOSED_REASONS = (
    "acknowledged",
    "approved",
    "canceled",
    "disputed",
    "payment_never_settled",
    "redacted",
    "refunded",
    "refunded_as_fraud",
)
FRAUD_TYPES = (
    "card_never_received",
    "fraudulent_card_application",
    "made_with_counterfeit_card",
    "made_with_lost_card",
    "made_with_stolen_card",
    "misc",
    "unauthorized_use_of_card",
)
REVIEW = "review"
WARNING = "radar.early_fraud_warning"


def open_review(account: Account, charge: Object, *, opened_reason: str) -> Object:
    """Open a review of a charge.

    `opened_reason` is `rule` for a review by a Radar rule, or `manual` for a review by the
    merchant.
    """
    if charge["status"] != "succeeded":
        raise ApiError("Only a payment that succeeded can be reviewed.")
    if find_open_review(account, charge) is not None:
        raise ApiError("This payment is already in review.")
    now = account.clock.now()
    review = account.save(build_review(charge, opened_reason=opened_reason, created=now))
    charge["review"] = review["id"]
    if opened_reason == "rule":
        charge["outcome"].update(
            type="manual_review", risk_level="elevated", reason="elevated_risk_level"
        )
    account.save(charge)
    intent = account.get("payment_intent", charge["payment_intent"])
    account.save({**intent, "review": review["id"]})
    account.emit("review.opened", review)
    return review


def close_review(account: Account, review: Object, *, reason: str) -> Object:
    """Close a review, and return it. The charge and the payment intent keep the review's id."""
    if not review["open"]:
        raise ApiError("This review is already closed.")
    review.update(open=False, reason=reason, closed_reason=reason)
    account.save(review)
    account.emit("review.closed", review)
    return review


def warn_of_fraud(account: Account, charge: Object, *, fraud_type: str) -> Object:
    """Create the bank's early fraud warning about a card charge, and return the warning."""
    if charge["status"] != "succeeded" or charge["payment_method_details"]["type"] != "card":
        raise ApiError("Only a card payment that succeeded gets an early fraud warning.")
    warning = build_early_fraud_warning(charge, fraud_type=fraud_type, created=account.clock.now())
    account.save(warning)
    account.emit(f"{WARNING}.created", warning)
    return warning


def find_open_review(account: Account, charge: Object) -> Object | None:
    """Return the open review of a charge, or None."""
    reviews = account.store.find(REVIEW, charge=charge["id"], open=True)
    return reviews[0] if reviews else None


def record_refund(account: Account, charge: Object, reason: str | None) -> None:
    """Update a charge's early fraud warnings after a refund.

    If the charge is fully refunded, also close its review. `reason` is the reason for the refund.
    """
    if charge["refunded"]:
        is_fraud = reason == "fraudulent"
        _close_open_review(account, charge, "refunded_as_fraud" if is_fraud else "refunded")
    _update_warnings(account, charge)


def record_dispute(account: Account, charge: Object) -> None:
    """Close a disputed charge's review, and update the charge's early fraud warnings."""
    _close_open_review(account, charge, "disputed")
    _update_warnings(account, charge)


def _close_open_review(account: Account, charge: Object, reason: str) -> None:
    """If a charge has an open review, close the review."""
    review = find_open_review(account, charge)
    if review is not None:
        close_review(account, review, reason=reason)


def _update_warnings(account: Account, charge: Object) -> None:
    """Update the field `actionable` of a charge's early fraud warnings, and create events."""
    for warning in account.store.find(WARNING, charge=charge["id"]):
        before, now = warning["actionable"], is_actionable(charge)
        if before != now:
            warning["actionable"] = now
            account.save(warning)
            account.emit(f"{WARNING}.updated", warning, actionable=before)
