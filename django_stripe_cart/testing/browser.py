"""A shopper at a browser, who sees pages and presses buttons, and nothing else."""

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
    """The browser of ``user``, who is signed in, or of a guest. There is no JavaScript in it."""

    def __init__(self, user: Any = None) -> None:
        self.client = Client()
        self.user = user
        if user is not None:
            self.client.force_login(user)

    def add(self, product: Any, quantity: int = 1) -> HttpResponse:
        return self._post("add", product=product.pk, quantity=quantity)

    def set_quantity(self, product: Any, quantity: int) -> HttpResponse:
        return self._post("item", product=product.pk, quantity=quantity)

    def remove(self, product: Any) -> HttpResponse:
        return self._post("remove", product=product.pk)

    def look_at_cart(self) -> str:
        """Return the page."""
        return self.client.get(reverse("stripe_cart:cart")).content.decode()

    def check_out(self, *, seen: str | None = None) -> HttpResponse:
        """Press Checkout, on the cart as it is now or on a page ``seen`` earlier."""
        page = self.look_at_cart() if seen is None else seen
        return self._post("checkout", fingerprint=self.fingerprint(page), next="/")

    def fingerprint(self, page: str) -> str:
        field = re.search(r'name="fingerprint"[^>]*value="([^"]*)"', page)
        return unescape(field[1]) if field else ""

    def follow(self, url: str | None) -> HttpResponse:
        """Go where Stripe sends the shopper: ``payment.redirect_url``."""
        assert url is not None  # noqa: S101
        back = urlsplit(url)
        return self.client.get(back._replace(scheme="", netloc="").geturl(), follow=True)  # type: ignore[return-value]

    @property
    def order(self) -> Order:
        """The newest order of anybody, as it is now."""
        return Order.objects.latest("pk")

    def _post(self, name: str, **data: Any) -> HttpResponse:
        return self.client.post(reverse(f"stripe_cart:{name}"), data)  # type: ignore[return-value]


def messages_of(answer: Any) -> list[str]:
    """The messages that the shopper will see next."""
    return [str(message) for message in get_messages(answer.wsgi_request)]
