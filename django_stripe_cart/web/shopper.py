"""Who stands at the counter: the cart and the orders that belong to a request."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language

from django_stripe_cart import stock
from django_stripe_cart.cart import drop_empty_cart, get_guest_cart, get_user_cart
from django_stripe_cart.cart.changes import Changed
from django_stripe_cart.cart.contents import CartLine, Contents, read_lines
from django_stripe_cart.conf import conf
from django_stripe_cart.models import Cart, Order
from django_stripe_cart.models.cart import read_items
from django_stripe_cart.models.order_queryset import OrderQuerySet

SESSION_KEY = "stripe_cart_token"


class Shopper:
    """A user, or a guest with a token in the session. Reading never makes a session or a row."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user: Any = getattr(request, "user", None) or AnonymousUser()
        self._urls: dict[tuple[str, str | None], str] = {}

    @classmethod
    def of(cls, request: HttpRequest) -> Shopper:
        """Return the request's shopper; one for each request, so that the cart is read once."""
        shopper = getattr(request, "_stripe_cart_shopper", None)
        # Somebody may have signed in or out in this very request.
        if shopper is None or shopper.user is not request.user:
            shopper = cls(request)
            request._stripe_cart_shopper = shopper  # type: ignore[attr-defined]
        return shopper

    @property
    def is_welcome(self) -> bool:
        has_session = hasattr(self.request, "session")
        return self.user.is_authenticated or (conf.allow_guests and has_session)

    @property
    def token(self) -> str:
        session = getattr(self.request, "session", None)
        return str(session.get(SESSION_KEY, "")) if session is not None else ""

    @cached_property
    def path(self) -> str:
        """str, the page that is asked for, to come back to."""
        return self.request.get_full_path()

    def url_of(self, name: str) -> str:
        """Return the address of the shop's page ``name``, in the language that is active."""
        key = name, get_language()
        if key not in self._urls:
            self._urls[key] = reverse(f"stripe_cart:{name}")
        return self._urls[key]

    @cached_property
    def contents(self) -> Contents:
        cart = self.name_cart() if self.is_welcome else None
        return read_lines(read_items(cart)) if cart else Contents()

    def left_of(self, product: Any) -> int | None:
        """int, how many there are: what the shopper's own open order has taken is there to them."""
        left = stock.available(product)
        if left is None:
            return None
        lines = (line for line in self.contents.lines if line.product.pk == product.pk)
        return next((line.available for line in lines), left)

    def forget_contents(self) -> None:
        """After a change, the next look reads the cart again."""
        self.__dict__.pop("contents", None)

    def name_cart(self) -> Cart | None:
        """The cart by whose it is, not read: mostly it is there, and who locks it finds out."""
        if self.user.is_authenticated:
            return Cart(user_id=self.user.pk)
        return Cart(token=self.token) if self.token else None

    def change_cart(self, verb: Callable[..., Any], **what: Any) -> Any:
        """Do ``verb`` to the shopper's cart, made now if there was none, and return its answer.

        A guest's session begins with the first thing in the cart, and not before.
        """
        self.forget_contents()
        named = self.name_cart()
        if named is None:
            return self._begin_cart(verb, what)
        with suppress(Cart.DoesNotExist):
            return verb(named, **what)
        with suppress(Cart.DoesNotExist):
            return verb(self._get_cart(), **what)
        return verb(self._get_cart(), **what)  # cleaned away or merged since it was made

    def change_line(self, verb: Callable[..., Changed[Any]], **what: Any) -> CartLine | None:
        """Do ``verb`` to the shopper's cart as ``change_cart`` does, and know the cart after it."""
        changed = self.change_cart(verb, **what)
        self.contents = changed.contents
        return cast("CartLine | None", changed.line)

    @property
    def orders(self) -> OrderQuerySet[Order]:
        """Those to list: a user's own, and those of this browser's guest."""
        if self.user.is_authenticated:
            own = Order.objects.owned_by(self.user)
            return own | Order.objects.of_guest(self.token) if self.token else own
        return Order.objects.of_guest(self.token if conf.allow_guests else "")

    @property
    def reachable_orders(self) -> OrderQuerySet[Order]:
        """Those to show to somebody who names their reference, which is a guest's only key."""
        own = Order.objects.owned_by(self.user)
        return own | Order.objects.of_guests() if conf.allow_guests else own

    def owns(self, order: Order) -> bool:
        """Whether a reachable order was placed by this user or in this browser.

        Others came by its address, and are shown no more than they need.
        """
        if order.user_id is not None:
            return True
        return bool(self.token) and order.cart is not None and order.cart.token == self.token

    def _get_cart(self) -> Cart:
        if self.user.is_authenticated:
            return get_user_cart(self.user)
        return get_guest_cart(self.token)

    def _begin_cart(self, verb: Callable[..., Any], what: dict[str, Any]) -> Any:
        token = secrets.token_urlsafe(32)
        cart = get_guest_cart(token)
        try:
            return verb(cart, **what)
        finally:
            if not drop_empty_cart(cart):
                self.request.session[SESSION_KEY] = token
