"""The data of a request, and the kind of response that it asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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

    Fields of a JSON object are returned only if their value is a string or an integer.
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
    return {name: value for name, value in items if type(value) in (str, int)}


def next_url(request: HttpRequest) -> str:
    """Return the URL in the parameter ``next`` if it is on this site, or else the cart's URL."""
    # Encoded, because Stripe rejects a return URL with a space, and PostgreSQL one with NUL.
    url = iri_to_uri(str(form_data(request).get("next") or request.GET.get("next", "")))
    if url and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return url
    return reverse("stripe_cart:cart")
