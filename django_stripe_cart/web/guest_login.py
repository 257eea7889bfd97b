"""Merge a guest's cart and orders into the account of the user who signs in."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.messages import constants as messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_stripe_cart.exceptions import ShopBusy
from django_stripe_cart.guests import MergeResult, merge_guest, merge_without_stripe
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.web.messages import add_message, add_status_message
from django_stripe_cart.web.shopper import SESSION_KEY, Shopper

logger = logging.getLogger("stripe_cart")


def merge_guest_into_user(request: HttpRequest, user: Any, token: str) -> None:
    """Merge the cart and orders of the guest with ``token`` into the account of ``user``.

    An error is logged and never breaks the login.
    """
    try:
        _add_messages(request, merge_guest(token, user))
    except Exception as error:  # the project's receivers may raise anything
        logger.error("A guest's cart was left behind: %s", describe_without_values(error))


def merge_remaining_guest_cart(request: HttpRequest) -> None:
    """Merge the items that a login has left in the guest's cart into the user's cart.

    A login leaves items in the guest's cart if the guest's order is open. Another tab may also have
    added an item after the login. The merge takes place before the user's cart is changed. If the
    database is too busy, the items are left for the next request.
    """
    token = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    if token and request.user.is_authenticated:
        try:
            result = merge_without_stripe(token, request.user)
        except ShopBusy:
            return
        Shopper.of(request).invalidate_contents()
        if result.open_order is None:
            _add_messages(request, result)


def _add_messages(request: HttpRequest, result: MergeResult) -> None:
    """Add messages about what was merged and what was not."""
    if result.quantity:
        text = ngettext(
            "%(count)d item that you added before signing in is now in your cart.",
            "%(count)d items that you added before signing in are now in your cart.",
            result.quantity,
        )
        add_message(request, messages.INFO, text % {"count": result.quantity})
    for shortfall in result.shortfalls:
        add_message(request, messages.WARNING, str(shortfall))
    if result.settled_order is not None and result.settled_order.paid_at is not None:
        add_status_message(request, result.settled_order)
    if result.open_order is not None:
        text = _(
            "The payment page of order %(number)s is still open. Once it is closed, the items "
            "that you added before signing in will be added to your cart."
        )
        add_message(request, messages.WARNING, text % {"number": result.open_order.number})
