"""The data of a request, and the kind of response that it asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urljoin

from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

# Sent by our script with every request: where it shows the response, "page" or "modal".
FRAGMENT_HEADER = "Stripe-Cart"

CONTENT_TYPES = ["text/html", "application/json"]


def wants_fragments(request: HttpRequest) -> bool:
    """Return whether the shop's script sent the request, and expects HTML fragments."""
    return FRAGMENT_HEADER in request.headers


def wants_json(request: HttpRequest) -> bool:
    """Return whether the request prefers JSON to HTML."""
    return request.get_preferred_type(CONTENT_TYPES) == "application/json"


def form_data(request: HttpRequest) -> Mapping[str, Any]:
    """Return the fields in the body of the request, which is a form or a JSON object.

    Of a JSON object, whole numbers are returned as ints, and everything else that is not a string
    as JSON text, which forms refuse.
    """
    if request.content_type != "application/json":
        return request.POST
    try:
        data = json.loads(request.body)
        # Lone surrogates are valid JSON, but can't be encoded as UTF-8.
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    items = data.items() if isinstance(data, dict) else ()
    return {name: _form_value(value) for name, value in items}


def _form_value(value: Any) -> str | int:
    """Return a value of a JSON object as a form takes it. 2.0 is the same number as 2 there."""
    if type(value) in (str, int):
        return cast("str | int", value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return json.dumps(value)


def next_url(request: HttpRequest) -> str:
    """Return the URL in the parameter ``next`` if it is on this site, or else the cart's URL."""
    # Encoded, because Stripe rejects a return URL with a space, and PostgreSQL one with NUL.
    url = iri_to_uri(str(form_data(request).get("next") or request.GET.get("next", "")))
    # Joined too, because that removes dot segments: "/.//evil.example" becomes "//evil.example".
    if url and is_on_this_site(request, url) and is_on_this_site(request, urljoin("/", url)):
        return url
    return reverse("stripe_cart:cart")


def is_on_this_site(request: HttpRequest, url: str) -> bool:
    """Return whether a browser that is redirected to ``url`` stays on this site."""
    return url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
