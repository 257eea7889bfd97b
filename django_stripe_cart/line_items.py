"""Name, price and quantity of a product in a cart or an order."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import Any

from django_stripe_cart.exceptions import AmountNotRepresentable, ProductUnavailable
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.money import MAXIMUM_AMOUNT, is_currency

logger = logging.getLogger("stripe_cart")

MAX_NAME_LENGTH = 5000  # docs.stripe.com/api/checkout/sessions/create
MAX_SKU_LENGTH = 200


@dataclass(frozen=True, slots=True)
class LineItem:
    """Name, price and quantity of a product, returned by the product's ``as_line_item()``.

    ``unit_amount`` is the price of one piece (int, smallest currency unit). ``currency`` is an ISO
    code, stored in lower case. ``image`` is the URL of a picture for the shop's pages. ``name`` and
    ``sku`` are shortened to what Stripe and the database can store.

    Raises ``AmountNotRepresentable`` if Stripe can't charge the amount, or if the currency is no
    ISO code. Raises ``TypeError`` if ``unit_amount`` is not an int.
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
        set_attribute = object.__setattr__  # the dataclass is frozen
        set_attribute(self, "currency", str(self.currency).lower())
        if not is_currency(self.currency):
            raise AmountNotRepresentable
        set_attribute(self, "name", self.name.replace("\x00", "")[:MAX_NAME_LENGTH])
        set_attribute(self, "sku", self.sku.replace("\x00", "")[:MAX_SKU_LENGTH])

    @property
    def total(self) -> int:
        """Return the price of all pieces (int, smallest currency unit)."""
        return self.unit_amount * self.quantity


def line_item_of(product: Any) -> LineItem | None:
    """Return the ``LineItem`` of ``product``, or None if the product is not for sale.

    ``ProductUnavailable`` and ``AmountNotRepresentable`` mean that it is not for sale. If
    ``as_line_item()`` is missing, fails in another way or returns an empty name, the product is not
    for sale either, and an error is logged, once for each product.
    """
    as_line_item = getattr(product, "as_line_item", None)
    try:
        item = as_line_item() if callable(as_line_item) else None
    except (ProductUnavailable, AmountNotRepresentable):
        return None
    except Exception as error:  # one product must not take down a page
        problem = f"raises {describe_without_values(error)}"
        log_unsellable(type(product).__name__, getattr(product, "pk", None), problem)
        return None
    if isinstance(item, LineItem) and item.name.strip():
        return item
    problem = "returns no LineItem with a name."
    log_unsellable(type(product).__name__, getattr(product, "pk", None), problem)
    return None


@functools.lru_cache(maxsize=1000)
def log_unsellable(model: str, pk: Any, problem: str) -> None:
    """Log what is wrong with the ``as_line_item()`` of a product, once in a process."""
    logger.error("%s.as_line_item() %s Product %s is not for sale.", model, problem, pk)
