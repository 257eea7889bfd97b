"""Requests to Stripe. Only this package imports ``stripe``.

Its functions return dataclasses and raise the exceptions of ``django_stripe_cart.exceptions``.
"""

from django_stripe_cart.gateway.account import Account, retrieve_account
from django_stripe_cart.gateway.deadlines import deadline, short_deadline
from django_stripe_cart.gateway.endpoints import (
    Endpoint,
    create_endpoint,
    delete_endpoint,
    list_endpoints,
)
from django_stripe_cart.gateway.events import Event, list_events
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
    retrieve_session,
)

__all__ = [
    "Account",
    "Dispute",
    "Endpoint",
    "Event",
    "Session",
    "StripeRefund",
    "create_endpoint",
    "create_refund",
    "create_session",
    "deadline",
    "delete_endpoint",
    "expire_session",
    "list_disputes",
    "list_endpoints",
    "list_events",
    "list_refunds",
    "retrieve_account",
    "retrieve_session",
    "short_deadline",
]
