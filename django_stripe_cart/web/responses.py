"""How a view answers: a page, the fragments that the script swaps in, JSON, or a way to go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.encoding import iri_to_uri
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy

from django_stripe_cart.cart.contents import CartLine
from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.models import Order
from django_stripe_cart.web.serializers import Shape, cart_shape, order_shape, orders_shape
from django_stripe_cart.web.shopper import Shopper

# The host's page around ours; a project that was just started has none yet.
BASES = ("base.html", "stripe_cart/plain.html")

# Sent by our script with every request: where the answer will be shown, "page" or "modal".
FRAGMENT_HEADER = "Stripe-Cart"
# Tells our script where to go: it can't follow a redirect to another site.
LOCATION_HEADER = "Stripe-Cart-Location"

TYPES = ["text/html", "application/json"]


# What is said after a payment, or after another try; never "failed" while that is not sure.
PAID = messages.SUCCESS, gettext_lazy("Thank you! Order %(number)s is paid.")
STANDING = {
    Order.Status.PENDING: (
        messages.INFO,
        gettext_lazy("The payment for order %(number)s is not confirmed yet."),
    ),
    Order.Status.PROCESSING: (
        messages.INFO,
        gettext_lazy("Your payment for order %(number)s is being processed."),
    ),
    Order.Status.PAID: PAID,
    Order.Status.FULFILLED: PAID,
    Order.Status.REFUNDED: (messages.INFO, gettext_lazy("Order %(number)s was refunded.")),
    Order.Status.FAILED: (messages.WARNING, gettext_lazy("Order %(number)s was not paid.")),
    Order.Status.EXPIRED: (
        messages.WARNING,
        gettext_lazy("Order %(number)s was not paid in time."),
    ),
    Order.Status.CANCELED: (messages.INFO, gettext_lazy("Order %(number)s is canceled.")),
}


class SeeOther(HttpResponseRedirect):
    """After a POST, the browser GETs what came of it."""

    status_code = 303


def wants_fragments(request: HttpRequest) -> bool:
    return FRAGMENT_HEADER in request.headers


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(TYPES) == "application/json"


def posted(request: HttpRequest) -> Mapping[str, Any]:
    """What the form, or a JSON object of texts and whole numbers, says."""
    if request.content_type != "application/json":
        return request.POST
    try:
        data = json.loads(request.body)
        # A half of a surrogate pair, which JSON can name, is text to nobody else.
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    plain = data.items() if isinstance(data, dict) else ()
    return {name: value for name, value in plain if type(value) in (str, int)}


def show(request: HttpRequest, name: str, context: dict[str, Any], *also: str) -> HttpResponse:
    """Answer a GET with ``stripe_cart/NAME.html``, or the fragment of that name ``also`` others."""
    if wants_fragments(request):
        return _fragments(request, name, *also, **context)
    if wants_json(request):
        return _json(request, _shapes(request, context))
    page = {"cart": _lazy_cart(request), "base": _find_base()}
    response = render(request, f"stripe_cart/{name}.html", page | context)
    patch_vary_headers(response, ["Accept"])
    return response


def show_cart(request: HttpRequest, *, removed: CartLine | None = None) -> HttpResponse:
    """Answer a change of the cart: the cart as it is now, or back to where the shopper was."""
    if wants_fragments(request):
        return _fragments(request, "cart", removed=removed)
    if wants_json(request):
        return _json(request, _shapes(request, {}), status=_status(request))
    url = next_url(request)
    if removed is not None and url == reverse("stripe_cart:cart"):
        # In the address, so that it can be undone without script, and nothing has to be kept.
        url += "?" + urlencode({"removed": removed.product.pk, "quantity": removed.quantity})
    return SeeOther(url)


def show_order(request: HttpRequest, order: Order) -> HttpResponse:
    """Answer a change of an order: the order as it is now, and the cart."""
    if wants_fragments(request):
        return _fragments(request, "order", "cart", order=order, is_own=True)
    if wants_json(request):
        return _json(
            request, _shapes(request, {"order": order, "is_own": True}), status=_status(request)
        )
    return SeeOther(order.get_absolute_url())


def send_to(request: HttpRequest, url: str) -> HttpResponse:
    """Send the shopper to ``url``, which may be Stripe's."""
    if wants_fragments(request):
        response = HttpResponse(status=200)
        response.headers[LOCATION_HEADER] = url
        return response
    if wants_json(request):
        return _json(request, {"location": url})
    return SeeOther(url)


def send_to_login(request: HttpRequest, login: HttpResponseRedirect) -> HttpResponse:
    if wants_fragments(request):
        return send_to(request, login.url)
    return _json(request, {"location": login.url}, status=401) if wants_json(request) else login


def say(request: HttpRequest, level: int, text: str, *, code: str = "") -> None:
    """Leave a message, if the host uses them. After a payment, its absence must not be an error."""
    if wants_json(request):
        message = {"level": messages.DEFAULT_TAGS[level], "code": code, "text": text}
        _said(request).append(message)
        return
    messages.add_message(request, level, text, fail_silently=True)


def say_how_it_stands(request: HttpRequest, order: Order) -> None:
    level, words = STANDING[order.status]
    say(request, level, words % {"number": order.number})


def refuse(request: HttpRequest, error: StripeCartError) -> None:
    """Say why nothing came of it."""
    say(request, messages.ERROR, str(error), code=error.slug)


def next_url(request: HttpRequest) -> str:
    """str, where the form wants the shopper to go on, if that is on this site; else the cart."""
    # Stripe refuses the whole order over an address with a space, PostgreSQL one with a NUL.
    wanted = iri_to_uri(str(posted(request).get("next") or request.GET.get("next", "")))
    if wanted and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return reverse("stripe_cart:cart")


def _find_base() -> Any:
    """Found by the engine of our own pages: a host may have others, with templates of their own."""
    engine = get_template("stripe_cart/base.html").backend.engine  # type: ignore[attr-defined]
    return engine.select_template(list(BASES))


def _fragments(request: HttpRequest, *names: str, **context: Any) -> HttpResponse:
    context |= {
        "fragments": names,
        "cart": _lazy_cart(request),
        "heading": "h1" if request.headers[FRAGMENT_HEADER] == "page" else "h3",
    }
    return render(request, "stripe_cart/fragments.html", context)


def _status(request: HttpRequest) -> int:
    was_refused = any(message["code"] for message in _said(request))
    return 409 if was_refused else 200


def _lazy_cart(request: HttpRequest) -> Any:
    """Read only where a template, ours or the host's, shows something of it."""
    return SimpleLazyObject(lambda: Shopper.of(request).contents)


def _json(request: HttpRequest, data: Shape, *, status: int = 200) -> HttpResponse:
    response = JsonResponse({**data, "messages": _said(request)}, status=status)
    patch_vary_headers(response, ["Accept"])
    return response


def _shapes(request: HttpRequest, context: dict[str, Any]) -> Shape:
    """The shape of what a page would have shown."""
    if "page" in context:
        return orders_shape(context["page"])
    if "order" in context:
        return {"order": order_shape(context["order"], is_own=context["is_own"])}
    return {"cart": cart_shape(Shopper.of(request).contents)}


def _said(request: HttpRequest) -> list[Shape]:
    """What was said to this request: it is answered at once, and needs no storage."""
    said: list[Shape] = request.__dict__.setdefault("_stripe_cart_said", [])
    return said
