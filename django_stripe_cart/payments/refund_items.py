"""Refunds by item: which quantities can still be refunded, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Sum
from django.utils.translation import gettext as _

from django_stripe_cart.exceptions import RefundNotPossible
from django_stripe_cart.models import Order, RefundItem
from django_stripe_cart.money import STEPS

__all__ = ["amount_of", "amounts_of_next_pieces", "check_quantities", "rest_of_items"]


def rest_of_items(order: Order) -> dict[int, int]:
    """Return the quantities that no refund contains yet, by the primary key of the order's item.

    Failed refunds do not count, nor do refunds of an amount without items. Items without a rest are
    left out.
    """
    refunded = _refunded_quantities(order)
    rest = {item.pk: item.quantity - refunded.get(item.pk, 0) for item in order.items.all()}
    return {pk: count for pk, count in rest.items() if count > 0}


def check_quantities(order: Order, items: Mapping[int, int]) -> None:
    """Raise ``RefundNotPossible`` if a quantity of ``items`` is not left to refund in ``order``.

    ``items`` has quantities by the primary key of the order's item.
    """
    if not items:
        return
    rest = rest_of_items(order)
    if any(not 0 < count <= rest.get(pk, 0) for pk, count in items.items()):
        raise RefundNotPossible(
            _("Some of these items are refunded already. Please check the quantities.")
        )


def amount_of(order: Order, items: Mapping[int, int]) -> int:
    """Return what the shopper paid for ``items``, without shipping (int, smallest currency unit).

    ``items`` has quantities by the primary key of the order's item. Discounts and taxes are divided
    among the items of the order by their totals, rounded down; the last item gets the rest. An
    item's share is divided among its pieces in the same way, in the order in which they are
    refunded. So refunding every piece returns exactly what was paid without shipping. In currencies
    of which Stripe takes only multiples of an amount, the shares are such multiples.
    """
    refunded = _refunded_quantities(order)
    step = _step(order)
    return sum(
        _price(share, quantity, refunded.get(pk, 0), items.get(pk, 0), step)
        for pk, (quantity, share) in _shares(order).items()
    )


def amounts_of_next_pieces(order: Order) -> dict[int, int]:
    """Return the amount that a refund of one more piece returns, by the primary key of the item.

    The amounts are ints in the smallest currency unit.
    """
    refunded = _refunded_quantities(order)
    step = _step(order)
    return {
        pk: _price(share, quantity, refunded.get(pk, 0), 1, step)
        for pk, (quantity, share) in _shares(order).items()
    }


def _step(order: Order) -> int:
    """Return the amount of which Stripe takes only multiples in the order's currency (int)."""
    return STEPS.get(order.currency, 1)


def _price(share: int, quantity: int, before: int, count: int, step: int) -> int:
    """Return the price of ``count`` pieces of an item, after ``before`` pieces were refunded.

    ``share`` is what was paid for all pieces of the item, of which there are ``quantity``. The
    price of all but the last piece is a multiple of ``step``.
    """
    return _price_of_first(before + count, share, quantity, step) - _price_of_first(
        before, share, quantity, step
    )


def _price_of_first(count: int, share: int, quantity: int, step: int) -> int:
    """Return the price of the first ``count`` pieces of an item."""
    return share if count == quantity else share * count // quantity // step * step


def _shares(order: Order) -> dict[int, tuple[int, int]]:
    """Return pairs of an item's quantity and its share of what was paid, by the item's key."""
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
    """Return the quantities in refunds that have not failed, by the primary key of their item."""
    rows = RefundItem.objects.active().filter(refund__order=order).order_by()
    return dict(rows.values_list("order_item").annotate(total=Sum("quantity")))
