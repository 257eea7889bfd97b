"""`/v1/reviews` and `/v1/radar/early_fraud_warnings`: read them, and approve reviews."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.pagination import list_objects
from django_stripe_cart.sandbox.parameters import Text, list_parameters
from django_stripe_cart.sandbox.radar import REVIEW, WARNING, close_review

REVIEWS = "/v1/reviews"
WARNINGS = "/v1/radar/early_fraud_warnings"
REVIEW_LIST = list_parameters()
WARNING_LIST = list_parameters(charge=Text(), payment_intent=Text())


def list_reviews(account: Account, params: Object) -> Object:
    """Return a page of the open reviews."""
    return list_objects(account=account, kind=REVIEW, url=REVIEWS, params={**params, "open": True})


def retrieve_review(account: Account, id: str) -> Object:
    return account.get(REVIEW, id)


def approve_review(account: Account, id: str) -> Object:
    """Approve the payment, which closes its review."""
    return close_review(account, account.get(REVIEW, id), reason="approved")


def list_warnings(account: Account, params: Object) -> Object:
    return list_objects(account=account, kind=WARNING, url=WARNINGS, params=params)


def retrieve_warning(account: Account, id: str) -> Object:
    return account.get(WARNING, id)
