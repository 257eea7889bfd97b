"""What a cart holds, priced as it would be charged now, and what changed since it was shown."""

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
from django_stripe_cart.models.cart import CartItemQuerySet
from django_stripe_cart.money import MAXIMUM_AMOUNT, MINIMUM_AMOUNTS, format_money

MAX_QUANTITY = 999
LOW_STOCK = 5  # at this quantity or below, shoppers see how many are left


@dataclass(frozen=True)
class CartLine:
    """One product in the cart. ``item`` is None while the product is not for sale."""

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
        """Whether the shopper should know how many there are."""
        return self.available is not None and self.available <= max(LOW_STOCK, self.quantity)

    @property
    def problem(self) -> CartError | None:
        """Why this line can't be bought as it stands."""
        if self.item is None:
            return ProductUnavailable(
                _("“%(name)s” is not for sale at the moment.") % {"name": self.name}
            )
        if self.available is not None and self.quantity > self.available:
            return OutOfStock(how_many_left(self.name, self.available))
        return None


@dataclass(frozen=True)
class Contents:
    """A cart as it is read: its lines, and what they come to."""

    lines: list[CartLine] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lines)

    @property
    def sellable(self) -> list[LineItem]:
        return [line.item for line in self.lines if line.item]

    @cached_property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def priced_quantity(self) -> int:
        """int, how many things the total is for."""
        return sum(item.quantity for item in self.sellable)

    @cached_property
    def total(self) -> int:
        """int, smallest currency unit."""
        return sum(line.total for line in self.lines)

    @property
    def subtotal(self) -> str:
        """str, the total as shoppers read it."""
        return format_money(self.total, self.currency)

    @property
    def currency(self) -> str:
        return next((item.currency for item in self.sellable), conf.currency)

    @property
    def has_more_to_come(self) -> bool:
        """Whether the host lets Stripe add to the total: taxes, shipping, discounts."""
        return conf.has_session_options

    @cached_property
    def problems(self) -> list[CartError]:
        return [line.problem for line in self.lines if line.problem]

    @property
    def warning(self) -> str:
        """str, why Stripe may refuse this total. Only Stripe knows: the least that it takes depends
        on how the shop is paid out, and the host may add shipping.
        """
        least = MINIMUM_AMOUNTS.get(self.currency, 0)
        if not 0 < self.total < least:
            return ""
        words = {"amount": format_money(least, self.currency)}
        return _("The smallest amount that can be paid is %(amount)s.") % words

    @property
    def fingerprint(self) -> str:
        """str, the prices and quantities that a shopper sees, for comparing them at checkout."""
        seen = [
            [str(line.product.pk), line.quantity, line.item.unit_amount, line.item.currency]
            for line in self.lines
            if line.item
        ]
        return json.dumps(sorted(seen), separators=(",", ":"))

    def check(self, fingerprint: str | None = None) -> None:
        """Raise the ``CartError`` that stands in the way of ordering this, if there is one."""
        if not self.lines:
            raise EmptyCart
        if self.problems:
            raise self.problems[0]
        if len({item.currency for item in self.sellable}) > 1:
            raise MixedCurrencies
        if self.total > MAXIMUM_AMOUNT:
            raise CartError(gettext_lazy("This order is too large to be paid at once."))
        if fingerprint is not None and not _is_same(fingerprint, self.fingerprint):
            raise CartChanged(self._changes_since(fingerprint))

    def _changes_since(self, fingerprint: str) -> list[str]:
        """What is different from what was seen. A fingerprint is never believed, only compared."""
        seen = _read_fingerprint(fingerprint)
        lines = {str(line.product.pk): line for line in self.lines}
        changes = [change for pk, line in lines.items() if (change := _change(line, seen.get(pk)))]
        if seen.keys() - lines.keys():
            changes.append(_("A product is no longer in your cart."))
        return changes


def read_cart(items: CartItemQuerySet) -> Contents:
    """Return what ``items`` come to, asking every product what it sells. One query."""
    return read_lines(items.with_products())


def read_lines(items: Iterable[CartItem]) -> Contents:
    """Do as ``read_cart`` with rows that were read ``with_products``."""
    return Contents([read_line(item) for item in items])


def offer(product: Any, quantity: int) -> CartLine:
    """Return the line that ``product`` would be, if it were in a cart."""
    return read_line(CartItem(product=product, quantity=quantity))


def read_line(item: CartItem) -> CartLine:
    product = item.product
    left = stock.available(product)
    held = getattr(item, "held", None) or 0
    sold = line_item_of(product)
    offer = sold.times(item.quantity) if sold else None
    return CartLine(product, item.quantity, offer, None if left is None else left + held)


def how_many_left(name: str, available: int) -> str:
    """str, a sentence for who wanted more."""
    if available == 0:
        return _("“%(name)s” is out of stock.") % {"name": name}
    return ngettext(
        "Only %(count)d “%(name)s” is left.", "Only %(count)d “%(name)s” are left.", available
    ) % {"count": available, "name": name}


def _is_same(seen: str, fingerprint: str) -> bool:
    """Compared as data: a script may have written the same in other characters."""
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


def _change(line: CartLine, seen: tuple[Any, Any] | None) -> str | None:
    if line.item is None:
        return None
    words = {"name": line.name, "quantity": line.quantity}
    if seen is None:
        return _("“%(name)s” is new in your cart.") % words
    if seen[1] != line.item.unit_amount:
        price = format_money(line.item.unit_amount, line.item.currency)
        return _("“%(name)s” now costs %(price)s.") % {**words, "price": price}
    if seen[0] != line.quantity:
        said = ngettext(
            "“%(name)s” is now in your cart %(quantity)d time.",
            "“%(name)s” is now in your cart %(quantity)d times.",
            line.quantity,
        )
        return said % words
    return None
