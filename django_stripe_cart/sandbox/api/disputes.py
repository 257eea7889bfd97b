"""`/v1/disputes`: read what banks took back."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.lists import page
from django_stripe_cart.sandbox.parameters import Text, list_parameters

LIST = list_parameters(charge=Text(), payment_intent=Text())


def retrieve_dispute(account: Account, id: str) -> Object:
    return account.get("dispute", id)


def list_disputes(account: Account, params: Object) -> Object:
    return page(account, "dispute", "/v1/disputes", params)
