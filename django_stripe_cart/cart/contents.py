"""Contents of a cart at current prices, and their changes since the shopper saw them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_stripe_cart import stock
from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import (
    CartChanged,
    CartError,
    EmptyCart,
    MixedCurrencies,
    OutOfStock,
    ProductUnavailable,
)
from django_stripe_cart.line_items import LineItem, line_item_of
from django_stripe_cart.models import CartItem
from django_stripe_cart.models.cart import CartKey, read_items
from django_stripe_cart.money import MAXIMUM_AMOUNT, MINIMUM_AMOUNTS, format_money

MAX_QUANTITY = 999
LOW_STOCK = 5  # shoppers see the number of pieces that are left if it is not higher


@dataclass(frozen=True)
class CartLine:
    """Line of a cart: a product, its quantity and its price.

    ``item`` is None if the product is not for sale. ``available`` is the number of pieces that the
    shopper can buy, or None if the product's stock is not counted.
    """

    product: Any
    quantity: int
    item: LineItem | None
    available: int | None

    @property
    def name(self) -> str:
        return self.item.name if self.item else str(self.product)

    @property
    def total(self) -> int:
        """Return the price of all pieces (int, smallest currency unit)."""
        return self.item.total if self.item else 0

    @property
    def max_quantity(self) -> int:
        """Return the highest quantity that the shopper can choose."""
        return MAX_QUANTITY if self.available is None else min(self.available, MAX_QUANTITY)

    @property
    def is_scarce(self) -> bool:
        """Return whether so few pieces are left that the shopper is told their number."""
        return self.available is not None and self.available <= max(LOW_STOCK, self.quantity)

    @property
    def problem(self) -> CartError | None:
        """Return the error that makes it impossible to order this line, or None."""
        if self.item is None:
            return ProductUnavailable(
                _("“%(name)s” is not for sale at the moment.") % {"name": self.name}
            )
        if self.available is not None and self.quantity > self.available:
            return OutOfStock(stock_message(self.name, self.available))
        return None


@dataclass(frozen=True)
class CartContents:
    """Contents of a cart: its lines and their total."""

    lines: list[CartLine] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lines)

    @property
    def line_items(self) -> list[LineItem]:
        """Return the line items of the products that are for sale."""
        return [line.item for line in self.lines if line.item]

    @cached_property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def billable_quantity(self) -> int:
        """Return the number of pieces that are for sale (int)."""
        return sum(item.quantity for item in self.line_items)

    @cached_property
    def total(self) -> int:
        """Return the sum of all lines (int, smallest currency unit)."""
        return sum(line.total for line in self.lines)

    @property
    def subtotal(self) -> str:
        """Return the total as text with its currency, in the active language."""
        return format_money(self.total, self.currency)

    @property
    def currency(self) -> str:
        return next((item.currency for item in self.line_items), conf.currency)

    @property
    def may_change_at_stripe(self) -> bool:
        """Return whether Stripe may add tax, shipping or discounts to the total.

        The project turns these on with ``STRIPE_CART_SESSION_OPTIONS``.
        """
        return conf.has_session_options

    @cached_property
    def problems(self) -> list[CartError]:
        """Return the errors that make it impossible to order the cart's lines."""
        return [line.problem for line in self.lines if line.problem]

    @property
    def minimum_amount_warning(self) -> str:
        """Return a warning for the shopper if Stripe may refuse the total as too small, else "".

        The real minimum depends on the currency in which Stripe pays the shop
        (docs.stripe.com/currencies). The project's session options may also add shipping to the
        total.
        """
        least = MINIMUM_AMOUNTS.get(self.currency, 0)
        if not 0 < self.total < least:
            return ""
        words = {"amount": format_money(least, self.currency)}
        return _("The minimum payment is %(amount)s.") % words

    @property
    def fingerprint(self) -> str:
        """Return the cart's prices and quantities as JSON (str).

        The checkout compares fingerprints to notice changes since the shopper saw the cart.
        """
        seen = [
            [str(line.product.pk), line.quantity, line.item.unit_amount, line.item.currency]
            for line in self.lines
            if line.item
        ]
        return json.dumps(sorted(seen), separators=(",", ":"))

    def raise_if_not_orderable(self, fingerprint: str | None = None) -> None:
        """Raise a ``CartError`` if the contents can't be ordered or differ from ``fingerprint``."""
        if not self.lines:
            raise EmptyCart
        if self.problems:
            raise self.problems[0]
        if len({item.currency for item in self.line_items}) > 1:
            raise MixedCurrencies
        if self.total > MAXIMUM_AMOUNT:
            raise CartError(gettext_lazy("The total is too high for a single payment."))
        if fingerprint is not None and not _is_same(fingerprint, self.fingerprint):
            raise CartChanged(self._changes_since(fingerprint))

    def _changes_since(self, fingerprint: str) -> list[str]:
        """Return sentences for the shopper about the changes since ``fingerprint`` was made.

        The fingerprint comes from the browser, so its values are compared, but never shown.
        """
        seen = _read_fingerprint(fingerprint)
        items = {str(line.product.pk): line.item for line in self.lines if line.item}
        described = (_describe_change(item, seen.get(pk)) for pk, item in items.items())
        changes = [change for change in described if change]
        if seen.keys() - items.keys():
            changes.append(_("A product is no longer in your cart."))
        return changes


def read_contents(key: CartKey) -> CartContents:
    """Return the contents of the cart with this key, read by one query."""
    return contents_from_items(read_items(key))


def contents_from_items(items: Iterable[CartItem]) -> CartContents:
    """Return the contents of a cart, given the ``items`` that ``read_items`` has returned."""
    return CartContents([line_from_item(item) for item in items])


def line_for(product: Any, quantity: int) -> CartLine:
    """Return the line of a product that is not in a cart yet."""
    return line_from_item(CartItem(product=product, quantity=quantity))


def line_from_item(item: CartItem) -> CartLine:
    """Return the line of a cart item, with the current price and stock of its product.

    Stock that the cart's open order has taken counts as available.
    """
    available = stock.available(item.product)
    if available is not None:
        available += getattr(item, "held", None) or 0
    line_item = line_item_of(item.product)
    priced = replace(line_item, quantity=item.quantity) if line_item else None
    return CartLine(item.product, item.quantity, priced, available)


def stock_message(name: str, available: int) -> str:
    """Return a message for a shopper who requests more pieces than are available."""
    if available == 0:
        return _("“%(name)s” is out of stock.") % {"name": name}
    return ngettext(
        "Only %(count)d of “%(name)s” is left.", "Only %(count)d of “%(name)s” are left.", available
    ) % {"count": available, "name": name}


def _is_same(seen: str, fingerprint: str) -> bool:
    """Return whether two fingerprints have equal values. The format of their JSON may differ."""
    try:
        return bool(json.loads(seen) == json.loads(fingerprint))
    except (ValueError, RecursionError):
        return False


def _read_fingerprint(fingerprint: str) -> dict[str, tuple[Any, Any]]:
    """Return a dict of the quantities and prices in a fingerprint.

    It maps primary keys of products (str) to pairs of quantity and price. A price is a list of
    amount and currency. The dict is empty if the fingerprint is malformed.
    """
    try:
        lines = json.loads(fingerprint)
        return {str(pk): (quantity, [*price]) for pk, quantity, *price in lines}
    except (ValueError, TypeError, RecursionError):
        return {}


def _describe_change(item: LineItem, seen: tuple[Any, Any] | None) -> str | None:
    """Return a sentence for the shopper if ``item`` differs from what the shopper saw, else None.

    ``seen`` is the pair of quantity and price that the shopper saw, or None.
    """
    words = {"name": item.name, "quantity": item.quantity}
    if seen is None:
        return _("“%(name)s” was added to your cart.") % words
    if seen[1] != [item.unit_amount, item.currency]:
        price = format_money(item.unit_amount, item.currency)
        return _("“%(name)s” now costs %(price)s.") % {**words, "price": price}
    if seen[0] != item.quantity:
        said = ngettext(
            "The quantity of “%(name)s” in your cart is now %(quantity)d.",
            "The quantity of “%(name)s” in your cart is now %(quantity)d.",
            item.quantity,
        )
        return said % words
    return None
