"""`/v1/payment_intents`, `/v1/charges`, `/v1/balance_transactions`: read payments."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.pagination import list_objects
from django_stripe_cart.sandbox.parameters import Text, list_parameters

INTENT_LIST = list_parameters(customer=Text(), customer_account=Text())
CHARGE_LIST = list_parameters(customer=Text(), payment_intent=Text(), transfer_group=Text())


def retrieve_intent(account: Account, id: str) -> Object:
    return account.get("payment_intent", id)


def list_intents(account: Account, params: Object) -> Object:
    return list_objects(account, "payment_intent", "/v1/payment_intents", params)


def retrieve_charge(account: Account, id: str) -> Object:
    return account.get("charge", id)


def list_charges(account: Account, params: Object) -> Object:
    return list_objects(account, "charge", "/v1/charges", params)


def retrieve_balance_transaction(account: Account, id: str) -> Object:
    return account.get("balance_transaction", id)
