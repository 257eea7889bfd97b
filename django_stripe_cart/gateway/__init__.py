"""The only door to Stripe: our words in, plain dataclasses and our exceptions out."""

from django_stripe_cart.gateway.account import Account, retrieve_account
from django_stripe_cart.gateway.deadline import PATIENCE, haste, patience
from django_stripe_cart.gateway.endpoints import (
    Endpoint,
    create_endpoint,
    delete_endpoint,
    list_endpoints,
)
from django_stripe_cart.gateway.events import Event, list_events, read_event, sign
from django_stripe_cart.gateway.refunds import (
    Dispute,
    StripeRefund,
    create_refund,
    list_disputes,
    list_refunds,
)
from django_stripe_cart.gateway.sessions import (
    Session,
    create_session,
    expire_session,
    read_payment_metadata,
    read_session,
    retrieve_session,
)

__all__ = [
    "PATIENCE",
    "Account",
    "Dispute",
    "Endpoint",
    "Event",
    "Session",
    "StripeRefund",
    "create_endpoint",
    "create_refund",
    "create_session",
    "delete_endpoint",
    "expire_session",
    "haste",
    "list_disputes",
    "list_endpoints",
    "list_events",
    "list_refunds",
    "patience",
    "read_event",
    "read_payment_metadata",
    "read_session",
    "retrieve_account",
    "retrieve_session",
    "sign",
]
