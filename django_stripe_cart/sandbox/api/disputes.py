"""`/v1/disputes`: read disputes."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.pagination import list_objects
from django_stripe_cart.sandbox.parameters import Text, list_parameters

LIST = list_parameters(charge=Text(), payment_intent=Text())


def retrieve_dispute(account: Account, id: str) -> Object:
    return account.get("dispute", id)


def list_disputes(account: Account, params: Object) -> Object:
    return list_objects(account, "dispute", "/v1/disputes", params)
