"""Requests to Stripe. Only this package imports ``stripe``.

The functions of this package return dataclasses, and raise the exceptions of
``django_stripe_cart.exceptions``.
"""

from django_stripe_cart.gateway.account import Account, retrieve_account
from django_stripe_cart.gateway.disputes import (
    StripeDispute,
    list_disputes,
    retrieve_dispute,
)
from django_stripe_cart.gateway.endpoints import (
    Endpoint,
    create_endpoint,
    delete_endpoint,
    list_endpoints,
)
from django_stripe_cart.gateway.events import (
    Event,
    EventList,
    list_events,
    retrieve_default_version,
    retrieve_event,
)
from django_stripe_cart.gateway.radar import (
    FraudWarning,
    Review,
    list_fraud_warnings,
    retrieve_fraud_warning,
    retrieve_review,
)
from django_stripe_cart.gateway.refunds import (
    StripeRefund,
    create_refund,
    list_refunds,
    retrieve_refund,
)
from django_stripe_cart.gateway.sessions import (
    Session,
    create_session,
    expire_session,
    retrieve_session,
)

__all__ = [
    "Account",
    "Endpoint",
    "Event",
    "EventList",
    "FraudWarning",
    "Review",
    "Session",
    "StripeDispute",
    "StripeRefund",
    "create_endpoint",
    "create_refund",
    "create_session",
    "delete_endpoint",
    "expire_session",
    "list_disputes",
    "list_endpoints",
    "list_events",
    "list_fraud_warnings",
    "list_refunds",
    "retrieve_account",
    "retrieve_default_version",
    "retrieve_dispute",
    "retrieve_event",
    "retrieve_fraud_warning",
    "retrieve_refund",
    "retrieve_review",
    "retrieve_session",
]
