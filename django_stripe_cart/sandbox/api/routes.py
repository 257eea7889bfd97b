"""The API's endpoints by method and path."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.api import (
    disputes,
    events,
    merchant,
    payments,
    radar,
    refunds,
    session_parameters,
    sessions,
    webhook_endpoints,
)
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.parameters import RETRIEVE, Hash

Handler = Callable[..., Object]


@dataclass(frozen=True)
class Endpoint:
    """A path, its parameters and the function that handles it."""

    method: str
    path: str
    run: Handler
    parameters: Hash | Callable[[str], Hash] = RETRIEVE

    def match(self, path: str) -> dict[str, str] | None:
        """Return the ids in a path, or None if the path does not match."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None

    def read(self, raw: dict[str, Any], version: str) -> Object:
        """Return the validated parameters. Raises `ApiError`."""
        hash = self.parameters if isinstance(self.parameters, Hash) else self.parameters(version)
        return hash.read(raw)

    def call(self, account: Account, ids: dict[str, str], params: Object) -> Object:
        """Run the endpoint. `expand` is applied to its result by the caller."""
        asked = {name: value for name, value in params.items() if name != "expand"}
        if self.parameters is RETRIEVE:
            return self.run(account, *ids.values())
        return self.run(account, *ids.values(), asked)


SESSIONS, INTENTS, CHARGES = "/v1/checkout/sessions", "/v1/payment_intents", "/v1/charges"
REFUNDS, WEBHOOK_ENDPOINTS = "/v1/refunds", "/v1/webhook_endpoints"
ENDPOINTS = [
    Endpoint("POST", SESSIONS, sessions.create_session, session_parameters.create_parameters),
    Endpoint("GET", SESSIONS, sessions.list_sessions, sessions.LIST),
    Endpoint("GET", SESSIONS + "/{id}", sessions.retrieve_session),
    Endpoint("GET", SESSIONS + "/{id}/line_items", sessions.list_line_items, sessions.LINE_ITEMS),
    Endpoint("POST", SESSIONS + "/{id}/expire", sessions.expire_session),
    Endpoint("GET", INTENTS, payments.list_intents, payments.INTENT_LIST),
    Endpoint("GET", INTENTS + "/{id}", payments.retrieve_intent),
    Endpoint("GET", CHARGES, payments.list_charges, payments.CHARGE_LIST),
    Endpoint("GET", CHARGES + "/{id}", payments.retrieve_charge),
    Endpoint("GET", CHARGES + "/{id}/refunds", refunds.list_refunds_of_charge, refunds.OF_CHARGE),
    Endpoint("POST", REFUNDS, refunds.create_refund, refunds.CREATE),
    Endpoint("GET", REFUNDS, refunds.list_refunds, refunds.LIST),
    Endpoint("GET", REFUNDS + "/{id}", refunds.retrieve_refund),
    Endpoint("POST", REFUNDS + "/{id}", refunds.update_refund, refunds.UPDATE),
    Endpoint("POST", REFUNDS + "/{id}/cancel", refunds.cancel_refund),
    Endpoint("GET", "/v1/disputes", disputes.list_disputes, disputes.LIST),
    Endpoint("GET", "/v1/disputes/{id}", disputes.retrieve_dispute),
    Endpoint(
        "POST", WEBHOOK_ENDPOINTS, webhook_endpoints.create_endpoint, webhook_endpoints.CREATE
    ),
    Endpoint("GET", WEBHOOK_ENDPOINTS, webhook_endpoints.list_endpoints, webhook_endpoints.LIST),
    Endpoint("GET", WEBHOOK_ENDPOINTS + "/{id}", webhook_endpoints.retrieve_endpoint),
    Endpoint(
        "POST",
        WEBHOOK_ENDPOINTS + "/{id}",
        webhook_endpoints.update_endpoint,
        webhook_endpoints.UPDATE,
    ),
    Endpoint("DELETE", WEBHOOK_ENDPOINTS + "/{id}", webhook_endpoints.delete_endpoint),
    Endpoint("GET", "/v1/balance_transactions/{id}", payments.retrieve_balance_transaction),
    Endpoint("GET", radar.REVIEWS, radar.list_reviews, radar.REVIEW_LIST),
    Endpoint("GET", radar.REVIEWS + "/{id}", radar.retrieve_review),
    Endpoint("POST", radar.REVIEWS + "/{id}/approve", radar.approve_review),
    Endpoint("GET", radar.WARNINGS, radar.list_warnings, radar.WARNING_LIST),
    Endpoint("GET", radar.WARNINGS + "/{id}", radar.retrieve_warning),
    Endpoint("GET", "/v1/events", events.list_events, events.LIST),
    Endpoint("GET", "/v1/events/{id}", events.retrieve_event),
    Endpoint("GET", "/v1/account", merchant.retrieve_account),
    Endpoint("GET", "/v1/balance", merchant.retrieve_balance),
]


def find_endpoint(method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
    """Return the endpoint for a method and path, with the ids in the path."""
    for endpoint in ENDPOINTS:
        ids = endpoint.match(path)
        if ids is not None and endpoint.method == method:
            return endpoint, ids
    return None
