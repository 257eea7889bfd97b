"""Take stock when an order is placed, and give it back at most once, by conditional UPDATEs."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import FieldDoesNotExist
from django.db import models, router
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from django_stripe_cart.database import is_retryable, savepoint
from django_stripe_cart.exceptions import OutOfStock
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import Cart, Order, OrderItem, RefundItem, get_product_model

logger = logging.getLogger("stripe_cart")


def available(product: Any) -> int | None:
    """Return the number of pieces in stock (int), or None if the product's stock is not counted."""
    try:
        field = _stock_field()
    except FieldDoesNotExist:  # a system check reports the wrong ``stock_field``
        return 0
    return None if field is None else getattr(product, field.attname)


def held_by(cart: Cart, product: Any) -> int:
    """Return how many pieces the cart's open order has taken from the stock of ``product`` (int).

    The same shopper can still order them, because a new order replaces the open one.
    """
    lines = OrderItem.objects.filter(order__open_cart=cart, product=product)
    return lines.values_list("stock_taken", flat=True).first() or 0


def take(quantities: Mapping[Any, int]) -> dict[Any, int]:
    """Subtract ``quantities`` from the stock of products, and return the quantities subtracted.

    Both are dicts of the products' primary keys to ints. The returned quantity is 0 for a product
    whose stock is not counted. The rows are locked in the order of their keys, so that two orders
    of the same products can't deadlock. Raises ``OutOfStock``; then the caller must roll back its
    transaction.
    """
    return {pk: _take_one(pk, quantities[pk]) for pk in sorted(quantities)}


def give_back(order: Order) -> list[OrderItem]:
    """Give back all stock that the order's items have taken. A second call does nothing.

    Return the items whose stock could not be given back, as ``return_items`` does.
    """
    return return_items({item: item.stock_taken for item in order.items.all()})


def return_items(quantities: Mapping[OrderItem, int]) -> list[OrderItem]:
    """Give these quantities of a locked order's items back to the stock.

    ``quantities`` has an int for each ``OrderItem``. An item gives back at most what it has taken.
    Return the items that could not be given back, because the product's model or the database
    refused the change, for example by a constraint. No exception is raised for them: the caller
    tells staff, and can still record what Stripe says.
    """
    held = {item: min(count, item.stock_taken) for item, count in quantities.items()}
    wanted = [(item, count) for item, count in held.items() if count > 0]
    wanted.sort(key=lambda pair: (pair[0].product_id is not None, pair[0].product_id))
    if not wanted or _return_all(wanted):
        return []
    return [item for item, count in wanted if not _return_all([(item, count)])]


def _return_all(wanted: list[tuple[OrderItem, int]]) -> bool:
    """Give all these items back to the stock and return True.

    If the product's model or the database refuses one of the items, give back none and return
    False.
    """
    try:
        with savepoint():
            for item, count in wanted:
                if item.product_id is not None:
                    _add(item.product_id, by=count)
            _save_stock_taken(wanted)
    except Exception as error:
        if is_retryable(error):
            raise
        order = wanted[0][0].order_id
        logger.error("Stock of order %s: %s", order, describe_without_values(error))
        return False
    return True


def _add(pk: Any, *, by: int) -> None:
    """Add ``by`` to the stock of the product with the primary key ``pk``, if stock is counted."""
    field = _stock_field()
    if field is not None:
        _rows(field).filter(pk=pk).update(**{field.name: F(field.name) + by})


def _save_stock_taken(returned: list[tuple[OrderItem, int]]) -> None:
    """Subtract the returned quantities from the items' ``stock_taken``, and save the items."""
    by_rest: dict[int, list[OrderItem]] = defaultdict(list)
    for item, count in returned:
        by_rest[item.stock_taken - count].append(item)
    for rest, items in by_rest.items():
        OrderItem.objects.filter(pk__in=[item.pk for item in items]).update(stock_taken=rest)
    for item, count in returned:
        item.stock_taken -= count


def take_again(order: Order) -> None:
    """Retake the stock that the order's items have given back. Raises ``OutOfStock``.

    Pieces that came back with a refund are not taken again.
    """
    items = {item.product_id: item for item in order.items.all() if item.product_id is not None}
    returned = _count_restocked(order)
    wanted = {pk: item.quantity - returned.get(item.pk, 0) for pk, item in items.items()}
    missing = {pk: wanted[pk] for pk, item in items.items() if not item.stock_taken and wanted[pk]}
    for pk, taken in take(missing).items():
        OrderItem.objects.filter(pk=items[pk].pk).update(stock_taken=taken)


def _count_restocked(order: Order) -> dict[int, int]:
    """Return how many pieces of each item came back to the stock with refunds.

    The dict maps primary keys of the order's items to ints.
    """
    rows = RefundItem.objects.filter(refund__order=order, restocked__gt=0).order_by()
    return dict(rows.values_list("order_item").annotate(total=Sum("restocked")))


def adjust(product: Any, *, seen: int | None, wanted: int | None) -> bool:
    """Add the difference ``wanted - seen`` to a product's stock, and return whether it was added.

    ``seen`` is the stock that a form showed, and ``wanted`` is the stock that staff entered (ints).
    Pieces that are sold while the form is open stay subtracted, because only the difference is
    added. Nothing changes if the stock would become negative.

    None stands for stock that is not counted. If ``seen`` or ``wanted`` is None, the stock is set
    to ``wanted``, but only if it still equals ``seen``.
    """
    field = _stock_field()
    if field is None:
        return False
    rows = _rows(field).filter(pk=product.pk)
    if seen is None or wanted is None:
        return bool(rows.filter(**{field.name: seen}).update(**{field.name: wanted}))
    return _add_if_enough(rows, field.name, wanted - seen)


def _take_one(pk: Any, quantity: int) -> int:
    """Subtract ``quantity`` from the stock of a product, and return the quantity subtracted.

    Return 0 if the product's stock is not counted. Raises ``OutOfStock``.
    """
    field = _stock_field()
    if field is None:
        return 0
    rows = _rows(field).filter(pk=pk)
    if _add_if_enough(rows, field.name, -quantity):
        return quantity
    product = rows.first()
    if product is None:
        raise OutOfStock
    if getattr(product, field.attname) is None:
        return 0
    raise OutOfStock(_("There is not enough of “%(product)s” left.") % {"product": product})


def _add_if_enough(rows: models.QuerySet[Any], field: str, difference: int) -> bool:
    """Add ``difference`` to a field of ``rows``, but only if the field does not become negative.

    Return whether the difference was added.
    """
    enough = rows.filter(**{f"{field}__gte": max(0, -difference)})
    return bool(enough.update(**{field: F(field) + difference}))


def _stock_field() -> models.Field[Any, Any] | None:
    """Return the field of the product model that ``stock_field`` names.

    Return None if ``stock_field`` is not set.
    """
    model = get_product_model()
    name = getattr(model, "stock_field", None)
    return cast("models.Field[Any, Any]", model._meta.get_field(name)) if name else None


def _rows(field: models.Field[Any, Any]) -> models.QuerySet[Any]:
    """Return all rows of the model that has the column of ``field``."""
    # For a child model of multi-table inheritance, Django would select the primary keys first, and
    # then update these rows without the condition.
    return field.model._base_manager.using(router.db_for_write(field.model))
