"""Refund an order: reserve the amount in a row, create the refund at Stripe, then sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Sum
from django.utils.translation import gettext as _

from django_stripe_cart.database import in_transaction
from django_stripe_cart.deadlines import deadline
from django_stripe_cart.exceptions import PaymentRefused, RefundNotPossible
from django_stripe_cart.models import Order, OrderItem, Refund, RefundItem
from django_stripe_cart.money import format_money
from django_stripe_cart.payments import sync_order
from django_stripe_cart.payments.refund_items import amount_of, check_quantities, rest_of_items
from django_stripe_cart.payments.refund_requests import send_refund, send_refund_again
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, note

__all__ = ["amount_refundable", "refund_order"]


@dataclass(frozen=True, slots=True)
class _RefundArguments:
    """Arguments of ``refund_order``."""

    amount: int | None
    items: Mapping[int, int]  # quantities by the primary key of the order's item
    reason: str
    restock: bool
    key: UUID
    expected_refundable: int | None


@deadline()
def refund_order(
    order: Order,
    amount: int | None = None,
    *,
    items: Mapping[OrderItem, int] | None = None,
    reason: str = "",
    restock: bool = False,
    by: Cause = BY_STAFF,
    key: UUID | None = None,
    expected_refundable: int | None = None,
) -> Order:
    """Refund ``items`` or an ``amount`` of ``order``, and return the order freshly read.

    ``items`` is a dict of the order's items to quantities (int), and must not be empty. ``amount``
    is an int in the smallest currency unit. Its default is what was paid for ``items``, without
    shipping. Without ``items``, its default is everything that can still be refunded.

    With ``restock``, ``items`` go back to the stock once the refund has succeeded. Without
    ``items``, and if everything is refunded, all items that were not refunded before go back.

    ``reason`` (str, up to 200 characters) is stored on the refund. ``key`` (UUID) identifies the
    refund. A second call with the same key refunds nothing more, but sends the refund again if its
    outcome is unknown. If ``expected_refundable`` (int, smallest currency unit) differs from
    ``amount_refundable(order)``, nothing is refunded. ``by`` is written to the timeline.

    Sends ``order_refunded`` or ``refund_failed`` when the outcome is known, maybe days later.
    Raises ``RefundNotPossible`` if the amount can't be refunded, or if the outcome of an earlier
    refund is unknown. Then nothing is sent to Stripe. Raises ``PaymentRefused`` if Stripe refuses
    the refund, for example during a dispute. Raises another ``PaymentError`` if the outcome is
    unknown. Then the amount stays reserved until a later sync finds out. No sync sends the refund.
    """
    if items is not None and not items and amount is None:
        raise RefundNotPossible  # nothing was chosen, which does not mean everything
    quantities = {item.pk: count for item, count in (items or {}).items()}
    arguments = _RefundArguments(
        amount, quantities, reason, restock, key or uuid4(), expected_refundable
    )
    refund, is_new = _get_or_create_refund(order, arguments, by=by)
    if is_new or refund.status == Refund.Status.UNKNOWN:
        _send_to_stripe(refund, is_new=is_new, by=by)
    return sync_order(order, by=by)


def amount_refundable(order: Order) -> int:
    """Return the amount of the order that can still be refunded (int, smallest currency unit).

    It is the amount paid minus all refunds that have not failed.
    """
    reserved = order.refunds.active().aggregate(total=Sum("amount"))["total"] or 0
    return order.amount_paid - int(reserved)


@in_transaction
def _get_or_create_refund(
    order: Order, arguments: _RefundArguments, *, by: Cause
) -> tuple[Refund, bool]:
    """Return the refund with the given key, and whether this call created it.

    A new refund reserves its amount. Raises ``RefundNotPossible``.
    """
    order = lock_order(order)
    same = order.refunds.filter(key=arguments.key).first()
    if same is not None:
        return same, False
    left = amount_refundable(order)
    _raise_if_not_refundable(order, left, arguments)
    check_quantities(order, arguments.items)
    amount = _find_amount(order, left, arguments)
    note(order, kind="refund_requested", by=by, message=str(amount))
    refund = Refund.objects.create(
        order=order,
        key=arguments.key,
        amount=amount,
        reason=arguments.reason[:200],
        restock=arguments.restock,
        actor=by.actor[:150],
    )
    quantities = arguments.items
    if arguments.restock and not quantities and amount == left:
        quantities = rest_of_items(order)
    RefundItem.objects.bulk_create(
        RefundItem(refund=refund, order_item_id=pk, quantity=count)
        for pk, count in quantities.items()
    )
    return refund, True


def _raise_if_not_refundable(order: Order, left: int, arguments: _RefundArguments) -> None:
    """Raise ``RefundNotPossible`` if the order does not allow a refund now.

    The outcome of all earlier refunds must be known. ``left`` is the amount that can still be
    refunded. It must be above 0 and, if an amount is expected, equal to that amount.
    """
    unknown = order.refunds.unknown().first()
    if unknown is not None:
        raise RefundNotPossible(
            _(
                "It is not known yet whether the refund of %(amount)s was made. Wait until it is: "
                "a sync finds out, within half an hour."
            )
            % {"amount": format_money(unknown.amount, order.currency)}
        )
    if not order.payment_intent_id or left <= 0:
        raise RefundNotPossible
    if arguments.expected_refundable is not None and arguments.expected_refundable != left:
        raise RefundNotPossible(
            _(
                "Another refund was made in the meantime: %(left)s can still be refunded. "
                "Please check the amount."
            )
            % _message_values(order, left)
        )


def _find_amount(order: Order, left: int, arguments: _RefundArguments) -> int:
    """Return the amount to refund (int, smallest currency unit).

    Raises ``RefundNotPossible`` if the amount is more than ``left``, or is not positive.
    """
    if arguments.amount is not None:
        amount = arguments.amount
    else:
        amount = min(left, amount_of(order, arguments.items)) if arguments.items else left
    if not 0 < amount <= left:
        raise RefundNotPossible(
            _("You can refund at most %(left)s.") % _message_values(order, left)
        )
    return amount


def _message_values(order: Order, left: int) -> dict[str, Any]:
    """Return the values for an error message: the amount that can still be refunded, as text."""
    return {"left": format_money(left, order.currency)}


def _send_to_stripe(refund: Refund, *, is_new: bool, by: Cause) -> None:
    """Send a new refund to Stripe, or resend a refund whose outcome is unknown.

    If Stripe refuses because everything is already refunded, the order is synced before
    ``PaymentRefused`` is raised.
    """
    try:
        (send_refund if is_new else send_refund_again)(refund, by=by)
    except PaymentRefused as error:
        if error.stripe_code == "charge_already_refunded":  # made in the Dashboard
            sync_order(refund.order, by=by)
        raise
