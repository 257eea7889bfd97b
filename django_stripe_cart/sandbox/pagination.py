"""Lists in Stripe's format: newest first, with cursor pagination."""

from dataclasses import dataclass
from typing import Any

from django_stripe_cart.sandbox.account import Account
from django_stripe_cart.sandbox.errors import ApiError, resource_missing
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.sandbox.parameters import EXPAND, Hash, Integer, Parameter, Text
from django_stripe_cart.sandbox.store import (
    Condition,
    compares,
    is_after,
    is_before,
    is_equal,
    is_one_of,
)

DEFAULT_LIMIT = 10
PAGINATION_PARAMETERS = ("limit", "starting_after", "ending_before", "created", "expand")
CREATED = {operator: Integer() for operator in ("gt", "gte", "lt", "lte")}


@dataclass(frozen=True)
class Created:
    """The `created` parameter of a list: a timestamp, or a range of timestamps."""

    def clean(self, value: Any, path: str) -> dict[str, int]:
        """Return the range of times as a dict.

        A single timestamp becomes a range that starts and ends at this timestamp.
        """
        if isinstance(value, dict):
            return Hash(CREATED).clean(value, path)
        moment = Integer().clean(value, path)
        return {"gte": moment, "lte": moment}


def parameters_for_list(**filters: Parameter) -> Hash:
    """Return the parameters of a list endpoint: the pagination parameters and these filters."""
    return Hash(
        {
            "limit": Integer(minimum=1, maximum=100),
            "starting_after": Text(),
            "ending_before": Text(),
            "created": Created(),
            "expand": EXPAND,
            **filters,
        }
    )


def list_stored_objects(account: Account, params: Object, *, kind: str, url: str) -> Object:
    """Return one page of the stored objects of a kind, filtered by `params`."""
    limit = params.get("limit", DEFAULT_LIMIT)
    conditions, is_backwards = _cursor_conditions(account, kind, params)
    for operator, moment in params.get("created", {}).items():
        conditions.append(compares("created", operator, moment))
    for name, value in params.items():
        if name not in PAGINATION_PARAMETERS:
            conditions.append(_filter_condition(name, value))
    found = account.store.find(kind, *conditions, newest_first=not is_backwards, limit=limit + 1)
    shown = found[:limit]
    return build_list(shown[::-1] if is_backwards else shown, url, has_more=len(found) > limit)


def list_items(items: list[Object], url: str, params: Object) -> Object:
    """Return the page of `items` that `params` select, in the order of `items`."""
    limit = params.get("limit", DEFAULT_LIMIT)
    ids = [item["id"] for item in items]
    if "ending_before" in params:
        end = _index_of(ids, params["ending_before"], "ending_before")
        start = max(end - limit, 0)
        return build_list(items[start:end], url, has_more=start > 0)
    after = params.get("starting_after")
    start = _index_of(ids, after, "starting_after") + 1 if after else 0
    rest = items[start:]
    return build_list(rest[:limit], url, has_more=len(rest) > limit)


def build_list(items: list[Object], url: str, *, has_more: bool = False) -> Object:
    """Return a page of objects as a list in Stripe's format."""
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def _cursor_conditions(account: Account, kind: str, params: Object) -> tuple[list[Condition], bool]:
    """Return the SQL conditions for a page, and whether the page ends at the cursor.

    With `ending_before`, the page ends at the cursor. With `starting_after`, the page begins at the
    cursor.
    """
    if "starting_after" in params and "ending_before" in params:
        raise ApiError("You may only specify one of: ending_before, starting_after.")
    for name, condition in (("starting_after", is_before), ("ending_before", is_after)):
        if name in params:
            account.get(kind, params[name], param=name, status=400)
            position = account.store.position(params[name])
            return [condition(position or 0)], name == "ending_before"
    return [], False


def _filter_condition(name: str, value: Any) -> Condition:
    """Return the SQL condition that a field has a value.

    If `value` is a list, the field must equal one of its items. If `value` is a dict, it contains
    the name of a nested field, and the value that the nested field must have.
    """
    if isinstance(value, list):
        return is_one_of(name, value)
    if isinstance(value, dict):
        [(inner, wanted)] = value.items()
        return is_equal(f"{name}__{inner}", wanted)
    return is_equal(name, value)


def _index_of(ids: list[str], id: str, param: str) -> int:
    """Return the index of an id in a list. Raise `ApiError` if the list does not contain the id."""
    if id not in ids:
        raise resource_missing("line item", id, param=param, status=400)
    return ids.index(id)
