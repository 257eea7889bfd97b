"""Refunds by item: the quantities that can still be refunded, and the amounts to refund."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Sum
from django.utils.translation import gettext as _

from django_stripe_cart.exceptions import RefundNotPossible
from django_stripe_cart.models import Order, RefundItem
from django_stripe_cart.money import STEPS

__all__ = ["amount_of", "amounts_of_next_pieces", "check_quantities", "rest_of_items"]


def rest_of_items(order: Order) -> dict[int, int]:
    """Return the quantities that can still be refunded, by the primary key of the order's item.

    The quantities in a failed refund can be refunded again. A refund of an amount without items
    does not count. An item of which nothing is left is not in the dict.
    """
    refunded = _refunded_quantities(order)
    rest = {item.pk: item.quantity - refunded.get(item.pk, 0) for item in order.items.all()}
    return {pk: count for pk, count in rest.items() if count > 0}


def check_quantities(order: Order, items: Mapping[int, int]) -> None:
    """Raise ``RefundNotPossible`` if a quantity in ``items`` can't be refunded any more.

    ``items`` maps the primary keys of the order's items to quantities. Each quantity must be at
    least 1, and at most the quantity of the item that is not refunded yet.
    """
    if not items:
        return
    rest = rest_of_items(order)
    if any(not 0 < count <= rest.get(pk, 0) for pk, count in items.items()):
        raise RefundNotPossible(
            _("Some of these items are refunded already. Please check the quantities.")
        )


def amount_of(order: Order, items: Mapping[int, int]) -> int:
    """Return the amount that the shopper paid for ``items``, without shipping.

    The amount is an int in the smallest currency unit. ``items`` maps the primary keys of the
    order's items to quantities.

    Discounts and taxes are divided among the order's items in proportion to the items' totals. Each
    share is rounded down, and the last item gets the rest. The share of an item is divided among
    its pieces in the same way, and the piece that is refunded last gets the rest. So the refunds of
    all pieces add up to exactly what was paid without shipping. In some currencies, Stripe takes
    only multiples of an amount. In these currencies, the shares are rounded down to such multiples.
    """
    refunded = _refunded_quantities(order)
    step = _step(order)
    return sum(
        _price(share, quantity, refunded.get(pk, 0), items.get(pk, 0), step)
        for pk, (quantity, share) in _shares(order).items()
    )


def amounts_of_next_pieces(order: Order) -> dict[int, int]:
    """Return the amount to refund for one more piece of each item, by the item's primary key.

    The amounts are ints in the smallest currency unit.
    """
    refunded = _refunded_quantities(order)
    step = _step(order)
    return {
        pk: _price(share, quantity, refunded.get(pk, 0), 1, step)
        for pk, (quantity, share) in _shares(order).items()
    }


def _step(order: Order) -> int:
    """Return the step between the amounts that Stripe takes in the order's currency.

    Stripe takes only multiples of the step, which is an int in the smallest currency unit.
    """
    return STEPS.get(order.currency, 1)


def _price(share: int, quantity: int, before: int, count: int, step: int) -> int:
    """Return the price of ``count`` pieces of an item, after ``before`` pieces were refunded.

    ``share`` is the amount that was paid for all ``quantity`` pieces of the item. The price of each
    piece except the last is a multiple of ``step``.
    """
    return _price_of_first(before + count, share, quantity, step) - _price_of_first(
        before, share, quantity, step
    )


def _price_of_first(count: int, share: int, quantity: int, step: int) -> int:
    """Return the price of the first ``count`` pieces of an item."""
    return share if count == quantity else share * count // quantity // step * step


def _shares(order: Order) -> dict[int, tuple[int, int]]:
    """Return a pair for each item, by the item's primary key: its quantity and its share.

    The share is the part of the paid amount, without shipping, that belongs to the item.
    """
    lines = list(order.items.all())
    paid = max(0, order.amount_paid - order.amount_shipping)
    step = _step(order)
    shares = {
        line.pk: (
            line.quantity,
            paid * line.total // order.total // step * step if order.total else 0,
        )
        for line in lines
    }
    last = lines[-1]
    rest = paid - sum(share for _quantity, share in shares.values())
    shares[last.pk] = (last.quantity, shares[last.pk][1] + rest)
    return shares


def _refunded_quantities(order: Order) -> dict[int, int]:
    """Return the refunded quantity of each item, by the item's primary key.

    Refunds that have failed do not count.
    """
    rows = RefundItem.objects.active().filter(refund__order=order).order_by()
    return dict(rows.values_list("order_item").annotate(total=Sum("quantity")))
