"""`/v1/reviews`: list and approve reviews.

The path of the early fraud warnings, `/v1/radar/early_fraud_warnings`, is also defined here.
"""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.pagination import list_stored_objects
from django_stripe_cart.sandbox.radar import REVIEW, WARNING, close_review

__all__ = ["REVIEW", "REVIEWS", "WARNING", "WARNINGS", "approve_review", "list_reviews"]

REVIEWS = "/v1/reviews"
WARNINGS = "/v1/radar/early_fraud_warnings"


def list_reviews(account: Account, params: Object) -> Object:
    """Return a page of the reviews that are open."""
    params = {**params, "open": True}
    return list_stored_objects(account, params, kind=REVIEW, url=REVIEWS)


def approve_review(account: Account, id: str) -> Object:
    """Approve the payment of a review, close the review, and return the closed review."""
    return close_review(account, account.get(REVIEW, id), reason="approved")
