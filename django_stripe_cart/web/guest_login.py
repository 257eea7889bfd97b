"""Somebody signs in, and reads what came along from before."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.messages import constants as messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_stripe_cart.guests import Brought, bring_guest, bring_settled
from django_stripe_cart.logs import describe
from django_stripe_cart.web.responses import say, say_how_it_stands
from django_stripe_cart.web.shopper import SESSION_KEY, Shopper

logger = logging.getLogger("stripe_cart")


def welcome(request: HttpRequest, user: Any, token: str) -> None:
    """Bring along what this browser's guest has. Nobody is kept from signing in by their cart."""
    try:
        brought = bring_guest(token, user)
        _tell(request, brought)
    except Exception as error:  # a host's own receiver may raise anything
        logger.error("A guest's cart was left behind: %s", describe(error))


def bring_the_rest(request: HttpRequest) -> None:
    """Whoever changes their cart gets what was left behind when they signed in.

    That is what waited for an open order, or what another tab put into the guest's cart meanwhile.
    """
    token = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    if token and request.user.is_authenticated:
        brought = bring_settled(token, request.user)
        Shopper.of(request).forget_contents()
        if brought.open_order is None:
            _tell(request, brought)


def _tell(request: HttpRequest, brought: Brought) -> None:
    if brought.quantity:
        say(
            request,
            messages.INFO,
            ngettext(
                "%(count)d item from before you signed in is in your cart now.",
                "%(count)d items from before you signed in are in your cart now.",
                brought.quantity,
            )
            % {"count": brought.quantity},
        )
    for shortfall in brought.shortfalls:
        say(request, messages.WARNING, str(shortfall))
    if brought.settled_order is not None and brought.settled_order.paid_at is not None:
        say_how_it_stands(request, brought.settled_order)
    if brought.open_order is not None:
        say(
            request,
            messages.WARNING,
            _(
                "The payment page of order %(number)s can't be closed yet. "
                "Until then, your cart from before you signed in has to wait."
            )
            % {"number": brought.open_order.number},
        )
