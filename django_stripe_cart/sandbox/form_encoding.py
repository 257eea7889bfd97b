"""Stripe's form encoding: `a[b][0][c]=d` becomes nested dicts."""

import re
from typing import Any
from urllib.parse import parse_qsl

from django_stripe_cart.sandbox.errors import ApiError

MAX_FIELDS = 20_000
MAX_DEPTH = 10
KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def decode(text: str) -> dict[str, Any]:
    """Return form-encoded parameters as nested dicts.

    A list becomes a dict with the keys "0", "1" and so on. `parameters.ListOf` converts this dict
    to a list.
    """
    params: dict[str, Any] = {}
    for key, value in _parse_pairs(text):
        _set_nested(params, _split_key(key), value)
    return params


def _parse_pairs(text: str) -> list[tuple[str, str]]:
    """Return the names and values of form-encoded text. Raise `ApiError` if it is malformed."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise ApiError("Invalid request body: it is not valid form encoding.") from error


def _split_key(key: str) -> list[str]:
    """Return the parts of a parameter's name: `a`, `b` and `0` for `a[b][0]`."""
    match = KEY.match(key)
    if match is None:
        return [key]
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(path) > MAX_DEPTH:
        raise ApiError("Invalid request: the parameters are nested too deeply.", param=match[1])
    return path


def _set_nested(params: dict[str, Any], path: list[str], value: str) -> None:
    """Set a value in nested dicts. `path` contains the keys that lead to the value."""
    node = params
    for name in path[:-1]:
        inner = node.setdefault(name or str(len(node)), {})
        if not isinstance(inner, dict):
            raise ApiError("Invalid object", param=path[0])
        node = inner
    node[path[-1] or str(len(node))] = value
