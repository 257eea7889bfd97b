"""Decorators of the shop's views."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from django_stripe_cart.deadlines import deadline
from django_stripe_cart.web.guest_login import merge_remaining_guest_cart
from django_stripe_cart.web.requests import next_url
from django_stripe_cart.web.responses import login_redirect, redirect_to
from django_stripe_cart.web.shopper import LoginNeeded, OrderOfAnotherGuest, Shopper

View = Callable[..., HttpResponse]


def shop_view(view: View) -> View:
    """Redirect visitors who may not shop to the login page. Add headers that protect privacy.

    If a guest's cart was not merged at login, it is merged before a POST. The merge and the view
    have a common deadline.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if Shopper.of(request).may_shop:
            with deadline():
                if request.method == "POST":
                    merge_remaining_guest_cart(request)
                return _add_privacy_headers(_respond(view, request, *args, **kwargs))
        return _redirect_to_login(request)

    return login_not_required(non_atomic(never_cache(wrapper)))


def _respond(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Call the view, and redirect visitors who may not see or change the order that they name."""
    try:
        return view(request, *args, **kwargs)
    except LoginNeeded:
        return _redirect_to_login(request)
    except OrderOfAnotherGuest as error:
        # Not a 404: Django logs its URL, which is all that is needed to open a guest's order.
        return redirect_to(request, error.order.get_absolute_url())


def _redirect_to_login(request: HttpRequest) -> HttpResponse:
    """Redirect to the login page, which later leads back to the page."""
    back = request.get_full_path() if request.method == "GET" else next_url(request)
    return login_redirect(request, next=back)


def non_atomic(view: View) -> View:
    """Exempt a view from ``ATOMIC_REQUESTS`` on every database.

    The view opens its own transactions.
    """
    for alias in connections:
        transaction.non_atomic_requests(using=alias)(view)
    return view


def _add_privacy_headers(response: HttpResponse) -> HttpResponse:
    """Add headers that hide an order's secret URL from other sites and from search engines."""
    # Not "no-referrer": browsers would then send no origin with our own forms, and Django's CSRF
    # protection requires one.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
