"""The shopper of a request: a user or a guest, with a cart and orders."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
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


class LoginNeeded(Exception):
    """Exception raised when a visitor who is not signed in asks for an order that no guest placed.

    The order may belong to a user, or not exist: the visitor does not learn which.
    """


class OrderOfAnotherGuest(Exception):
    """Exception raised when a visitor may see a guest's ``order``, but not change it."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self.order = order


class Shopper:
    """A user, or a guest with a token in the session.

    Reading a guest's cart creates neither a session nor a database row.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user: Any = getattr(request, "user", None) or AnonymousUser()
        self._urls: dict[tuple[str, str | None], str] = {}

    @classmethod
    def of(cls, request: HttpRequest) -> Shopper:
        """Return the shopper of a request.

        The shopper is kept on the request, so the cart is read only once.
        """
        shopper = getattr(request, "_stripe_cart_shopper", None)
        # The user may have signed in or out during this request.
        if shopper is None or shopper.user is not request.user:
            shopper = cls(request)
            request._stripe_cart_shopper = shopper  # type: ignore[attr-defined]
        return shopper

    @property
    def may_shop(self) -> bool:
        """Return whether the visitor may use the cart.

        Every user may use it. A guest may use it if ``STRIPE_CART_ALLOW_GUESTS`` is set and the
        request has a session.
        """
        has_session = hasattr(self.request, "session")
        return self.user.is_authenticated or (conf.allow_guests and has_session)

    @property
    def token(self) -> str:
        """Return the guest's token from the session, or an empty string."""
        session = getattr(self.request, "session", None)
        return str(session.get(SESSION_KEY, "")) if session is not None else ""

    @property
    def email(self) -> str:
        """Return the e-mail address of the user, or an empty string."""
        if not self.user.is_authenticated:
            return ""
        return str(getattr(self.user, self.user.get_email_field_name(), "") or "")

    @cached_property
    def path(self) -> str:
        """Return the requested path with its query string, to return to it later."""
        return self.request.get_full_path()

    def url(self, name: str) -> str:
        """Return the URL of ``stripe_cart:NAME``. URLs are cached for each language."""
        key = name, get_language()
        if key not in self._urls:
            self._urls[key] = reverse(f"stripe_cart:{name}")
        return self._urls[key]

    @cached_property
    def contents(self) -> CartContents:
        """Return the contents of the shopper's cart, which are read at the first access."""
        key = self.cart_key if self.may_shop else None
        return read_contents(key) if key else CartContents()

    def has_in_cart(self, product: Any) -> bool:
        """Return whether ``product`` is in the shopper's cart."""
        return any(line.product == product for line in self.contents.lines)

    def available(self, product: Any) -> int | None:
        """Return how many pieces of ``product`` can be ordered, or None if there is no limit.

        If the product is in the cart, the number includes the pieces that the shopper's own open
        order has taken from the stock.
        """
        available = stock.available(product)
        if available is None:
            return None
        lines = (line for line in self.contents.lines if line.product.pk == product.pk)
        return next((line.available for line in lines), available)

    def invalidate_contents(self) -> None:
        """Forget the cart's contents, so that the next access reads them again."""
        self.__dict__.pop("contents", None)

    @property
    def cart_key(self) -> CartKey | None:
        """Return the key of the shopper's cart, or None for a guest without a token.

        The cart itself may not exist yet.
        """
        if self.user.is_authenticated:
            return CartKey(user_id=self.user.pk)
        return CartKey(token=self.token) if self.token else None

    def change_cart(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``function`` with the key of the shopper's cart, and return its result.

        If there is no cart, a new cart is created. The token of a guest's new cart is saved in the
        session. If the new cart stays empty, it is deleted, and no token is saved.
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
        """Change the quantity of a visible product in the cart, and return the product's line.

        If the product has no line in the cart, None is returned. The arguments are those of
        ``cart.changes.change_line``.
        """
        change = self.change_cart(change_line, product_pk, visible_only=True, **kwargs)
        self.contents = change.contents
        return cast("CartLine | None", change.line)

    @property
    def orders(self) -> OrderQuerySet[Order]:
        """Return the orders to list: the user's orders, and the orders of this browser's guest."""
        if self.user.is_authenticated:
            own = Order.objects.owned_by(self.user)
            return own | Order.objects.for_guest(self.token) if self.token else own
        return Order.objects.for_guest(self.token if conf.allow_guests else "")

    @property
    def reachable_orders(self) -> OrderQuerySet[Order]:
        """Return the orders that the shopper may open by URL.

        These are the user's orders and, if guests are allowed, all guest orders. The URL of a
        guest's order contains a reference that is secret.
        """
        own = Order.objects.owned_by(self.user)
        return own | Order.objects.placed_by_guests() if conf.allow_guests else own

    def owns(self, order: Order) -> bool:
        """Return whether this shopper placed ``order``, which is one of ``reachable_orders``.

        Other visitors can open a guest's order by its URL, but they see less of the order.
        """
        if order.user_id is not None:
            return True
        return bool(self.token) and order.cart is not None and order.cart.token == self.token

    def get_order(self, reference: UUID) -> Order:
        """Return the order if the shopper may open it. Raises ``LoginNeeded`` or ``Http404``."""
        order = self.reachable_orders.filter(reference=reference).first()
        if order is not None:
            return order
        raise Http404 if self.user.is_authenticated else LoginNeeded

    def get_own_order(self, reference: UUID) -> Order:
        """Return the order if this shopper placed it.

        Raises ``OrderOfAnotherGuest``, ``LoginNeeded`` or ``Http404``.
        """
        order = self.get_order(reference)
        if not self.owns(order):
            raise OrderOfAnotherGuest(order)
        return order

    def _get_cart(self) -> Cart:
        """Return the cart of the user or of the guest's token. If there is no cart, create it."""
        if self.user.is_authenticated:
            return get_user_cart(self.user)
        return get_guest_cart(self.token)

    def _change_new_guest_cart(self, function: Callable[[CartKey], Any]) -> Any:
        """Create a guest's cart, call ``function`` with the cart's key, and return the result.

        If the cart is empty afterwards, it is deleted. Otherwise, its token is saved in the
        session.
        """
        token = secrets.token_urlsafe(32)
        cart = get_guest_cart(token)
        try:
            return function(cart.key)
        finally:
            if not drop_empty_cart(cart):
                self.request.session[SESSION_KEY] = token
