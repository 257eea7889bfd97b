"""Messages to the shopper: Django's messages, or a list in a JSON response."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.models import Order
from django_stripe_cart.web.requests import wants_json
from django_stripe_cart.web.serializers import Data

# Shown after an attempt to pay. The texts never say "failed" while that is uncertain.
PAID = messages.SUCCESS, gettext_lazy("Thank you! Order %(number)s is paid.")
STATUS_MESSAGES = {
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
    Order.Status.CANCELED: (messages.INFO, gettext_lazy("Order %(number)s was canceled.")),
}


def add_message(request: HttpRequest, level: int, text: str, *, code: str = "") -> None:
    """Add a message to the response. If the project has no message storage, do nothing."""
    if wants_json(request):
        tag = messages.DEFAULT_TAGS[level]
        json_messages(request).append({"level": tag, "code": code, "text": text})
    else:
        messages.add_message(request, level, text, fail_silently=True)


def add_status_message(request: HttpRequest, order: Order) -> None:
    """Add a message about the order's status."""
    level, text = STATUS_MESSAGES[order.status]
    add_message(request, level, text % {"number": order.number})


def add_error(request: HttpRequest, error: StripeCartError) -> None:
    """Add the error's text and code as a message."""
    add_message(request, messages.ERROR, str(error), code=error.code)


def json_messages(request: HttpRequest) -> list[Data]:
    """Return the list of messages for the JSON response. The list is kept on the request."""
    return cast("list[Data]", request.__dict__.setdefault("_stripe_cart_json_messages", []))
