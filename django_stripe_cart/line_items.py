"""The one shape that everything for sale has, from the product page to Stripe."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from django_stripe_cart.exceptions import AmountNotRepresentable, ProductUnavailable
from django_stripe_cart.money import MAXIMUM_AMOUNT, is_currency

logger = logging.getLogger("stripe_cart")

MAX_NAME_LENGTH = 5000  # docs.stripe.com/api/checkout/sessions/create
LONGEST_SKU = 200


@dataclass(frozen=True, slots=True)
class LineItem:
    """What a product answers when it is asked what it sells.

    ``unit_amount`` is an int in the currency's smallest unit, ``currency`` an ISO code in lower
    case, ``image`` the URL of a picture for the pages of the shop.
    """

    name: str
    unit_amount: int
    currency: str
    quantity: int = 1
    sku: str = ""
    image: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.unit_amount, bool) or not isinstance(self.unit_amount, int):
            raise TypeError("unit_amount is an int in the currency's smallest unit.")
        if not 0 <= self.unit_amount <= MAXIMUM_AMOUNT:
            raise AmountNotRepresentable
        put = object.__setattr__
        put(self, "currency", str(self.currency).lower())
        if not is_currency(self.currency):
            raise AmountNotRepresentable
        put(self, "name", self.name.replace("\x00", "")[:MAX_NAME_LENGTH])
        put(self, "sku", self.sku.replace("\x00", "")[:LONGEST_SKU])

    @property
    def total(self) -> int:
        """int, smallest currency unit."""
        return self.unit_amount * self.quantity

    def times(self, quantity: int) -> LineItem:
        return self if quantity == self.quantity else replace(self, quantity=quantity)


def line_item_of(product: Any) -> LineItem | None:
    """Return what ``product`` sells, or None if it is not for sale, or does not say so."""
    ask = getattr(product, "as_line_item", None)
    try:
        item = ask() if callable(ask) else None
    except (ProductUnavailable, AmountNotRepresentable):
        return None
    if isinstance(item, LineItem):
        return item
    logger.error("%s.as_line_item() returns no LineItem.", type(product).__name__)
    return None
