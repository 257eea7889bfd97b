"""A shopper's browser, which uses the shop only through its pages and forms."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from django_stripe_cart.models import Order


class Browser:
    """A shopper's browser without JavaScript.

    ``user`` is signed in. If ``user`` is None, the shopper is a guest.
    """

    def __init__(self, user: Any = None) -> None:
        self.client = Client()
        self.user = user
        if user is not None:
            self.client.force_login(user)

    def add(self, product: Any, quantity: int = 1) -> HttpResponse:
        """Add a product to the cart, and return the response."""
        return self._post("add", product=product.pk, quantity=quantity)

    def set_quantity(self, product: Any, quantity: int) -> HttpResponse:
        """Change the quantity of a product in the cart, and return the response."""
        return self._post("item", product=product.pk, quantity=quantity)

    def remove(self, product: Any) -> HttpResponse:
        """Remove a product from the cart, and return the response."""
        return self._post("remove", product=product.pk)

    def open_cart(self) -> str:
        """Open the cart page, and return its HTML."""
        return self.client.get(reverse("stripe_cart:cart")).content.decode()

    def check_out(self, *, page: str | None = None) -> HttpResponse:
        """Press Checkout on the cart page, and return the response.

        ``page`` is the HTML of a cart page that was opened earlier. By default, the page is opened
        now.
        """
        html = self.open_cart() if page is None else page
        return self._post("checkout", fingerprint=self.fingerprint(html), next="/")

    def fingerprint(self, page: str) -> str:
        """Return the cart's fingerprint from the checkout form in the HTML ``page``.

        Return an empty string if the page has no such form.
        """
        field = re.search(r'name="fingerprint"[^>]*value="([^"]*)"', page)
        return unescape(field[1]) if field else ""

    def follow(self, url: str | None) -> HttpResponse:
        """Open the URL to which Stripe redirects the shopper (``payment.redirect_url``).

        Return the last response, after all redirects.
        """
        assert url is not None  # noqa: S101
        parts = urlsplit(url)
        return self.client.get(parts._replace(scheme="", netloc="").geturl(), follow=True)  # type: ignore[return-value]

    @property
    def order(self) -> Order:
        """Return the newest order in the database, whichever shopper placed it."""
        return Order.objects.latest("pk")

    def _post(self, name: str, **data: Any) -> HttpResponse:
        """Submit ``data`` as a form to the shop's URL named ``name``, and return the response."""
        return self.client.post(reverse(f"stripe_cart:{name}"), data)  # type: ignore[return-value]


def messages_of(response: Any) -> list[str]:
    """Return the messages that a request has added. The shopper sees them on the next page."""
    return [str(message) for message in get_messages(response.wsgi_request)]
