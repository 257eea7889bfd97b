"""The cart and orders of a request's user or guest."""

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
from django_stripe_cart.cart.changes import change_line
from django_stripe_cart.cart.contents import CartContents, CartLine, read_contents
from django_stripe_cart.conf import conf
from django_stripe_cart.models import Cart, Order
from django_stripe_cart.models.cart import CartKey
from django_stripe_cart.models.order_queryset import OrderQuerySet

SESSION_KEY = "stripe_cart_token"


class Shopper:
    """A user, or a guest with a token in the session. Reading creates no session and no row."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user: Any = getattr(request, "user", None) or AnonymousUser()
        self._urls: dict[tuple[str, str | None], str] = {}

    @classmethod
    def of(cls, request: HttpRequest) -> Shopper:
        """Return the shopper of a request, always the same one, so that the cart is read once."""
        shopper = getattr(request, "_stripe_cart_shopper", None)
        # The user may have signed in or out during this request.
        if shopper is None or shopper.user is not request.user:
            shopper = cls(request)
            request._stripe_cart_shopper = shopper  # type: ignore[attr-defined]
        return shopper

    @property
    def may_shop(self) -> bool:
        has_session = hasattr(self.request, "session")
        return self.user.is_authenticated or (conf.allow_guests and has_session)

    @property
    def token(self) -> str:
        session = getattr(self.request, "session", None)
        return str(session.get(SESSION_KEY, "")) if session is not None else ""

    @cached_property
    def path(self) -> str:
        """str, the requested URL, to return to later."""
        return self.request.get_full_path()

    def url(self, name: str) -> str:
        """Return the URL ``stripe_cart:NAME`` in the active language; it is reversed only once."""
        key = name, get_language()
        if key not in self._urls:
            self._urls[key] = reverse(f"stripe_cart:{name}")
        return self._urls[key]

    @cached_property
    def contents(self) -> CartContents:
        key = self.cart_key if self.may_shop else None
        return read_contents(key) if key else CartContents()

    def has_in_cart(self, product: Any) -> bool:
        return any(line.product == product for line in self.contents.lines)

    def available(self, product: Any) -> int | None:
        """int, how many the shopper can order; includes stock taken by their own open order."""
        available = stock.available(product)
        if available is None:
            return None
        lines = (line for line in self.contents.lines if line.product.pk == product.pk)
        return next((line.available for line in lines), available)

    def invalidate_contents(self) -> None:
        """Read the cart again at the next access."""
        self.__dict__.pop("contents", None)

    @property
    def cart_key(self) -> CartKey | None:
        """The key of the shopper's cart, which may not exist; None for a guest without a token."""
        if self.user.is_authenticated:
            return CartKey(user_id=self.user.pk)
        return CartKey(token=self.token) if self.token else None

    def change_cart(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``function`` with the key of the shopper's cart, and return its result.

        The cart is created if there is none. A guest's session begins with the first item.
        """
        self.invalidate_contents()
        key = self.cart_key
        if key is None:
            return self._change_new_guest_cart(lambda key: function(key, *args, **kwargs))
        with suppress(Cart.DoesNotExist):
            return function(key, *args, **kwargs)
        with suppress(Cart.DoesNotExist):
            return function(self._get_cart().key, *args, **kwargs)
        # The cart was deleted or merged since it was created.
        return function(self._get_cart().key, *args, **kwargs)

    def change_line(self, product_pk: Any, **kwargs: Any) -> CartLine | None:
        """Call ``cart.changes.change_line`` for a visible product, and keep the new contents."""
        change = self.change_cart(change_line, product_pk, visible_only=True, **kwargs)
        self.contents = change.contents
        return cast("CartLine | None", change.line)

    @property
    def orders(self) -> OrderQuerySet[Order]:
        """The orders to list: the user's own and those of this browser's guest."""
        if self.user.is_authenticated:
            own = Order.objects.owned_by(self.user)
            return own | Order.objects.for_guest(self.token) if self.token else own
        return Order.objects.for_guest(self.token if conf.allow_guests else "")

    @property
    def reachable_orders(self) -> OrderQuerySet[Order]:
        """The orders to show by reference. A guest's order is shown to all who have its URL."""
        own = Order.objects.owned_by(self.user)
        return own | Order.objects.placed_by_guests() if conf.allow_guests else own

    def owns(self, order: Order) -> bool:
        """Whether a reachable order was placed by this user or in this browser.

        Other visitors only know its URL, and see less of it.
        """
        if order.user_id is not None:
            return True
        return bool(self.token) and order.cart is not None and order.cart.token == self.token

    def _get_cart(self) -> Cart:
        if self.user.is_authenticated:
            return get_user_cart(self.user)
        return get_guest_cart(self.token)

    def _change_new_guest_cart(self, function: Callable[[CartKey], Any]) -> Any:
        token = secrets.token_urlsafe(32)
        cart = get_guest_cart(token)
        try:
            return function(cart.key)
        finally:
            if not drop_empty_cart(cart):
                self.request.session[SESSION_KEY] = token
