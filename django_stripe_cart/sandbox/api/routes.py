"""The table of the API's endpoints, by method and path."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.api import (
    events,
    merchant,
    radar,
    refunds,
    session_parameters,
    sessions,
    webhook_endpoints,
)
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.pagination import list_stored_objects, parameters_for_list
from django_stripe_cart.sandbox.parameters import RETRIEVE, Hash, Text

Handler = Callable[..., Object]


@dataclass(frozen=True)
class Endpoint:
    """An API endpoint: its method and path, its parameters and the function that it calls."""

    method: str
    path: str
    run: Handler
    parameters: Hash | Callable[[str], Hash] = RETRIEVE

    def match(self, path: str) -> dict[str, str] | None:
        """Return the ids in a path as a dict, or None if the endpoint has another path."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None

    def read_parameters(self, raw: dict[str, Any], version: str) -> Object:
        """Return the validated parameters of a request.

        Raise `ApiError` if a parameter is invalid.
        """
        hash = self.parameters if isinstance(self.parameters, Hash) else self.parameters(version)
        return hash.clean(raw)

    def call(self, account: Account, ids: dict[str, str], params: Object) -> Object:
        """Call the endpoint's function, and return the result. The caller handles `expand`."""
        asked = {name: value for name, value in params.items() if name != "expand"}
        if self.parameters is RETRIEVE:
            return self.run(account, *ids.values())
        return self.run(account, *ids.values(), asked)


def _retrieve(account: Account, id: str, *, kind: str) -> Object:
    """Return the stored object of this kind and id."""
    return account.get(kind, id)


def _build_read_endpoints(kind: str, url: str, parameters: Hash) -> list[Endpoint]:
    """Return two API endpoints: one lists the objects of a kind, one retrieves an object by id."""
    return [
        Endpoint("GET", url, partial(list_stored_objects, kind=kind, url=url), parameters),
        Endpoint("GET", url + "/{id}", partial(_retrieve, kind=kind)),
    ]


SESSIONS, CHARGES, REFUNDS = "/v1/checkout/sessions", "/v1/charges", "/v1/refunds"
WEBHOOKS = "/v1/webhook_endpoints"
UNFILTERED = parameters_for_list()
INTENT_FILTERS = parameters_for_list(customer=Text(), customer_account=Text())
CHARGE_FILTERS = parameters_for_list(customer=Text(), payment_intent=Text(), transfer_group=Text())
OF_CHARGE = parameters_for_list(charge=Text(), payment_intent=Text())
ENDPOINTS = [
    Endpoint("POST", SESSIONS, sessions.create_session, session_parameters.parameters_for_creation),
    *_build_read_endpoints("checkout.session", SESSIONS, sessions.LIST),
    Endpoint("GET", SESSIONS + "/{id}/line_items", sessions.list_line_items, UNFILTERED),
    Endpoint("POST", SESSIONS + "/{id}/expire", sessions.expire_session),
    *_build_read_endpoints("payment_intent", "/v1/payment_intents", INTENT_FILTERS),
    *_build_read_endpoints("charge", CHARGES, CHARGE_FILTERS),
    Endpoint("GET", CHARGES + "/{id}/refunds", refunds.list_refunds_of_charge, UNFILTERED),
    Endpoint("POST", REFUNDS, refunds.create_refund, refunds.CREATE),
    *_build_read_endpoints("refund", REFUNDS, OF_CHARGE),
    Endpoint("POST", REFUNDS + "/{id}", refunds.update_refund, refunds.UPDATE),
    Endpoint("POST", REFUNDS + "/{id}/cancel", refunds.cancel_refund),
    *_build_read_endpoints("dispute", "/v1/disputes", OF_CHARGE),
    Endpoint("POST", WEBHOOKS, webhook_endpoints.create_endpoint, webhook_endpoints.CREATE),
    *_build_read_endpoints("webhook_endpoint", WEBHOOKS, UNFILTERED),
    Endpoint(
        "POST", WEBHOOKS + "/{id}", webhook_endpoints.update_endpoint, webhook_endpoints.UPDATE
    ),
    Endpoint("DELETE", WEBHOOKS + "/{id}", webhook_endpoints.delete_endpoint),
    Endpoint(
        "GET", "/v1/balance_transactions/{id}", partial(_retrieve, kind="balance_transaction")
    ),
    Endpoint("GET", radar.REVIEWS, radar.list_reviews, UNFILTERED),
    Endpoint("GET", radar.REVIEWS + "/{id}", partial(_retrieve, kind=radar.REVIEW)),
    Endpoint("POST", radar.REVIEWS + "/{id}/approve", radar.approve_review),
    *_build_read_endpoints(radar.WARNING, radar.WARNINGS, OF_CHARGE),
    Endpoint("GET", "/v1/events", events.list_events, events.LIST),
    Endpoint("GET", "/v1/events/{id}", events.retrieve_event),
    Endpoint("GET", "/v1/account", merchant.retrieve_account),
    Endpoint("GET", "/v1/balance", merchant.retrieve_balance),
]


def find_endpoint(method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
    """Return the API endpoint for a method and path, with the ids in the path.

    Return None if there is no such endpoint.
    """
    for endpoint in ENDPOINTS:
        ids = endpoint.match(path)
        if ids is not None and endpoint.method == method:
            return endpoint, ids
    return None
