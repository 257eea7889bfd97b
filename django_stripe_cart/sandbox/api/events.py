"""`/v1/events`: read events, e.g. after a missed webhook."""

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError, resource_missing
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.pagination import list_stored_objects, parameters_for_list
from django_stripe_cart.sandbox.parameters import Boolean, ListOf, Text

RETENTION = 30 * 24 * 60 * 60
MAX_TYPES = 20
LIST = parameters_for_list(
    type=Text(), types=ListOf(Text(), maximum=MAX_TYPES), delivery_success=Boolean()
)


def list_events(account: Account, params: Object) -> Object:
    """Return a page of the events that match the filters.

    Events that are older than 30 days are left out.
    """
    filters = dict(params)
    if "type" in filters and "types" in filters:
        raise ApiError("You may only specify one of these parameters: type, types.")
    if "types" in filters:
        filters["type"] = filters.pop("types")
    if "delivery_success" in filters:
        filters["pending_webhooks"] = _pending_webhook_counts(
            account, filters.pop("delivery_success")
        )
    oldest = account.clock.now() - RETENTION
    since = max(filters.get("created", {}).get("gte", oldest), oldest)
    filters["created"] = {**filters.get("created", {}), "gte": since}
    return list_stored_objects(account, filters, kind="event", url="/v1/events")


def retrieve_event(account: Account, id: str) -> Object:
    """Return an event of the last 30 days."""
    event = account.get("event", id)
    if event["created"] < account.clock.now() - RETENTION:
        raise resource_missing("event", id)
    return event


def _pending_webhook_counts(account: Account, is_delivered: bool) -> list[int]:
    """Return the values of `pending_webhooks` that the filter `delivery_success` selects.

    A delivered event has 0 pending webhooks. Any other event has at least 1.
    """
    if is_delivered:
        return [0]
    return list(range(1, len(account.store.find("webhook_endpoint")) + 1))
