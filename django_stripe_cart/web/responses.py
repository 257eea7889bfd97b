"""Responses of the shop's views: HTML pages, HTML fragments, JSON, and redirects.

The shop's JavaScript requests fragments of pages.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from django_stripe_cart.cart.contents import CartLine
from django_stripe_cart.models import Order
from django_stripe_cart.web.messages import json_messages
from django_stripe_cart.web.requests import FRAGMENT_HEADER, next_url, wants_fragments, wants_json
from django_stripe_cart.web.serializers import (
    Data,
    serialize_cart,
    serialize_order,
    serialize_orders,
)
from django_stripe_cart.web.shopper import Shopper

# Our pages extend the project's base template; a new project has none yet.
BASE_TEMPLATES = ("base.html", "stripe_cart/plain.html")

# Tells our script where to go: fetch() can't follow a redirect to another site.
LOCATION_HEADER = "Stripe-Cart-Location"


class SeeOther(HttpResponseRedirect):
    """A redirect after a POST: the browser follows it with a GET."""

    status_code = 303


def render_page(
    request: HttpRequest, name: str, context: dict[str, Any], *other_fragments: str
) -> HttpResponse:
    """Respond to a GET with the page ``stripe_cart/NAME.html``.

    If the request asks for HTML fragments or JSON, the response contains these instead.
    """
    response = _fragments_or_json(request, context, name, *other_fragments)
    if response is None:
        defaults = {"cart": _lazy_cart(request), "base": _base_template()}
        response = render(request, f"stripe_cart/{name}.html", defaults | context)
        patch_vary_headers(response, ["Accept"])
    return response


def cart_response(request: HttpRequest, *, removed_line: CartLine | None = None) -> HttpResponse:
    """Respond to a POST that changed the cart, by redirecting to ``next``.

    If the request asks for HTML fragments or JSON, the response contains these instead.
    """
    url = next_url(request)
    if removed_line is not None and url == reverse("stripe_cart:cart"):
        # In the URL, so that "Undo" works without JavaScript and nothing has to be stored.
        query = {"removed": removed_line.product.pk, "quantity": removed_line.quantity}
        url += "?" + urlencode(query)
    context = {"removed_line": removed_line}
    return _fragments_or_json(request, context, "cart") or SeeOther(url)


def order_response(request: HttpRequest, order: Order) -> HttpResponse:
    """Respond to a POST that changed an order, by redirecting to the order's page.

    If the request asks for HTML fragments or JSON, the response contains these instead.
    """
    context: dict[str, Any] = {"order": order, "is_own": True}
    response = _fragments_or_json(request, context, "order", "cart")
    return response or SeeOther(order.get_absolute_url())


def redirect_to(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect the browser to ``url``, which may be on another site."""
    if wants_fragments(request):
        return HttpResponse(headers={LOCATION_HEADER: url})
    if wants_json(request):
        return _json_response(request, {"location": url})
    return SeeOther(url)


def login_redirect(request: HttpRequest, *, next: str) -> HttpResponse:
    """Redirect the browser to the login page, which later redirects it to ``next``."""
    response = redirect_to_login(next)
    if wants_fragments(request):
        return redirect_to(request, response.url)
    if wants_json(request):
        return _json_response(request, {"location": response.url}, status=401)
    return response


def _base_template() -> Any:
    """Return the project's base template, or the shop's plain one if the project has none."""
    # Found by the engine that renders our templates: a project may have several.
    engine = get_template("stripe_cart/base.html").backend.engine  # type: ignore[attr-defined]
    return engine.select_template(list(BASE_TEMPLATES))


def _fragments_or_json(
    request: HttpRequest, context: dict[str, Any], *fragments: str
) -> HttpResponse | None:
    """Return HTML fragments or JSON if the request asks for one of them, else None."""
    if wants_fragments(request):
        defaults = {
            "fragments": fragments,
            "cart": _lazy_cart(request),
            "heading": "h1" if request.headers[FRAGMENT_HEADER] == "page" else "h3",
        }
        return render(request, "stripe_cart/fragments.html", context | defaults)
    if wants_json(request):
        has_errors = any(message["code"] for message in json_messages(request))
        data = _serialize(request, context)
        return _json_response(request, data, status=409 if has_errors else 200)
    return None


def _lazy_cart(request: HttpRequest) -> Any:
    """Return the shopper's cart contents, which are only read if the template uses them."""
    return SimpleLazyObject(lambda: Shopper.of(request).contents)


def _json_response(request: HttpRequest, data: Data, *, status: int = 200) -> HttpResponse:
    """Return a JSON response with ``data`` and the messages to the shopper."""
    response = JsonResponse({**data, "messages": json_messages(request)}, status=status)
    patch_vary_headers(response, ["Accept"])
    return response


def _serialize(request: HttpRequest, context: dict[str, Any]) -> Data:
    """Return the orders or the order in ``context`` as data for JSON.

    If ``context`` has no orders, the shopper's cart is returned.
    """
    if "page" in context:
        return serialize_orders(context["page"])
    if "order" in context:
        return {"order": serialize_order(context["order"], is_own=context["is_own"])}
    return {"cart": serialize_cart(Shopper.of(request).contents)}
