"""Stripe's form encoding: `a[b][0][c]=d` becomes nested plain data."""

import re
from typing import Any
from urllib.parse import parse_qsl

from django_stripe_cart.sandbox.errors import ApiError

MAX_FIELDS = 20_000
MAX_DEPTH = 10
KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def decode(text: str) -> dict[str, Any]:
    """Return the parameters as nested dicts; lists are dicts with the keys "0", "1", …

    The parameters' declarations say which of them are lists.
    """
    params: dict[str, Any] = {}
    for key, value in _parse_pairs(text):
        _set_nested(params, _split_key(key), value)
    return params


def _parse_pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise ApiError("Invalid request body: it is not valid form encoding.") from error


def _split_key(key: str) -> list[str]:
    match = KEY.match(key)
    if match is None:
        return [key]
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(path) > MAX_DEPTH:
        raise ApiError("Invalid request: the parameters are nested too deeply.", param=match[1])
    return path


def _set_nested(params: dict[str, Any], path: list[str], value: str) -> None:
    node = params
    for name in path[:-1]:
        inner = node.setdefault(name or str(len(node)), {})
        if not isinstance(inner, dict):
            raise ApiError("Invalid object", param=path[0])
        node = inner
    node[path[-1] or str(len(node))] = value
