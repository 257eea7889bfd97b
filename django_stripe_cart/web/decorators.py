"""Decorators of the shop's views."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from django_stripe_cart.web.guest_login import bring_the_rest
from django_stripe_cart.web.responses import next_url, send_to_login
from django_stripe_cart.web.shopper import Shopper

View = Callable[..., HttpResponse]


def shop_view(view: View) -> View:
    """A view of the shop: it opens its own transactions, and lets in whom the shop lets in."""

    @functools.wraps(view)
    def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if Shopper.of(request).is_welcome:
            if request.method == "POST":
                bring_the_rest(request)
            return _keep_address(view(request, *args, **kwargs))
        back = request.get_full_path() if request.method == "GET" else next_url(request)
        return send_to_login(request, redirect_to_login(back))

    return login_not_required(opens_transactions(never_cache(enter)))


def opens_transactions(view: View) -> View:
    """Exempt a view from ``ATOMIC_REQUESTS``, whichever database the orders are in."""
    for alias in connections:
        transaction.non_atomic_requests(using=alias)(view)
    return view


def _keep_address(answer: HttpResponse) -> HttpResponse:
    """The address of a guest's order is its key: it is told to no other site and no search engine.

    ``no-referrer`` would keep the browser from naming the origin of our own forms, too, and
    Django's protection against forgery asks for that.
    """
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
