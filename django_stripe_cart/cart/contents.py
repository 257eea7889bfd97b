"""The lines of a cart at current prices, and what changed since the shopper saw them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
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
LOW_STOCK = 5  # at this quantity or below, shoppers see how many are left


@dataclass(frozen=True)
class CartLine:
    """A product in the cart. ``item`` is None while the product is not for sale."""

    product: Any
    quantity: int
    item: LineItem | None
    available: int | None

    @property
    def name(self) -> str:
        return self.item.name if self.item else str(self.product)

    @property
    def total(self) -> int:
        """int, smallest currency unit."""
        return self.item.total if self.item else 0

    @property
    def max_quantity(self) -> int:
        return MAX_QUANTITY if self.available is None else min(self.available, MAX_QUANTITY)

    @property
    def is_scarce(self) -> bool:
        """Whether the shopper should see how many are left."""
        return self.available is not None and self.available <= max(LOW_STOCK, self.quantity)

    @property
    def problem(self) -> CartError | None:
        """The error that keeps this line from being bought, if there is one."""
        if self.item is None:
            return ProductUnavailable(
                _("“%(name)s” is not for sale at the moment.") % {"name": self.name}
            )
        if self.available is not None and self.quantity > self.available:
            return OutOfStock(stock_message(self.name, self.available))
        return None


@dataclass(frozen=True)
class CartContents:
    """The lines of a cart, with their total."""

    lines: list[CartLine] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lines)

    @property
    def line_items(self) -> list[LineItem]:
        """The line items of the products that are for sale."""
        return [line.item for line in self.lines if line.item]

    @cached_property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def billable_quantity(self) -> int:
        """int, the number of pieces that the total is for."""
        return sum(item.quantity for item in self.line_items)

    @cached_property
    def total(self) -> int:
        """int, smallest currency unit."""
        return sum(line.total for line in self.lines)

    @property
    def subtotal(self) -> str:
        """str, the total with its currency, in the active language."""
        return format_money(self.total, self.currency)

    @property
    def currency(self) -> str:
        return next((item.currency for item in self.line_items), conf.currency)

    @property
    def may_change_at_stripe(self) -> bool:
        """Whether the host's session options may change the total: tax, shipping, discounts."""
        return conf.has_session_options

    @cached_property
    def problems(self) -> list[CartError]:
        return [line.problem for line in self.lines if line.problem]

    @property
    def minimum_amount_warning(self) -> str:
        """str, a warning if Stripe may refuse this total as too small; empty otherwise.

        Only Stripe knows: its minimum depends on the currency in which the shop is paid out, and
        the host may add shipping. docs.stripe.com/currencies
        """
        least = MINIMUM_AMOUNTS.get(self.currency, 0)
        if not 0 < self.total < least:
            return ""
        words = {"amount": format_money(least, self.currency)}
        return _("The minimum payment is %(amount)s.") % words

    @property
    def fingerprint(self) -> str:
        """str, the prices and quantities that the shopper sees, to be compared at checkout."""
        seen = [
            [str(line.product.pk), line.quantity, line.item.unit_amount, line.item.currency]
            for line in self.lines
            if line.item
        ]
        return json.dumps(sorted(seen), separators=(",", ":"))

    def raise_if_not_orderable(self, fingerprint: str | None = None) -> None:
        """Raise a ``CartError`` if this can't be ordered, or differs from ``fingerprint``."""
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
        """Describe the differences. The fingerprint is the browser's: it is only compared."""
        seen = _read_fingerprint(fingerprint)
        items = {str(line.product.pk): line.item for line in self.lines if line.item}
        described = (_describe_change(item, seen.get(pk)) for pk, item in items.items())
        changes = [change for change in described if change]
        if seen.keys() - items.keys():
            changes.append(_("A product is no longer in your cart."))
        return changes


def read_contents(key: CartKey) -> CartContents:
    """Return the contents of a cart, asking each product for its line item. One query."""
    return contents_from_items(read_items(key))


def contents_from_items(items: Iterable[CartItem]) -> CartContents:
    """Return the contents made of ``items``, which were read ``with_products``."""
    return CartContents([line_from_item(item) for item in items])


def line_for(product: Any, quantity: int) -> CartLine:
    """Return the line that ``product`` would have in a cart."""
    return line_from_item(CartItem(product=product, quantity=quantity))


def line_from_item(item: CartItem) -> CartLine:
    """Return the line of ``item``. Stock held by the cart's own open order counts as available."""
    product = item.product
    left = stock.available(product)
    held = getattr(item, "held", None) or 0
    line_item = line_item_of(product)
    priced = line_item.times(item.quantity) if line_item else None
    return CartLine(product, item.quantity, priced, None if left is None else left + held)


def stock_message(name: str, available: int) -> str:
    """str, a message for a shopper who wants more than is in stock."""
    if available == 0:
        return _("“%(name)s” is out of stock.") % {"name": name}
    return ngettext(
        "Only %(count)d of “%(name)s” is left.", "Only %(count)d of “%(name)s” are left.", available
    ) % {"count": available, "name": name}


def _is_same(seen: str, fingerprint: str) -> bool:
    """Compare as data: another JSON encoder may write the same values differently."""
    try:
        return bool(json.loads(seen) == json.loads(fingerprint))
    except (ValueError, RecursionError):
        return False


def _read_fingerprint(fingerprint: str) -> dict[str, tuple[Any, Any]]:
    try:
        return {
            str(pk): (quantity, amount)
            for pk, quantity, amount, _currency in json.loads(fingerprint)
        }
    except (ValueError, TypeError, RecursionError):
        return {}


def _describe_change(item: LineItem, seen: tuple[Any, Any] | None) -> str | None:
    words = {"name": item.name, "quantity": item.quantity}
    if seen is None:
        return _("“%(name)s” was added to your cart.") % words
    if seen[1] != item.unit_amount:
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
