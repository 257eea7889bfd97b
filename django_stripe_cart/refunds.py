"""Refund an order: reserve the amount in a row, create the refund at Stripe, then sync."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db.models import Sum
from django.utils.translation import gettext as _

from django_stripe_cart.database import in_transaction
from django_stripe_cart.exceptions import PaymentRefused, RefundNotPossible
from django_stripe_cart.gateway import deadline
from django_stripe_cart.models import Order, Refund
from django_stripe_cart.money import format_money
from django_stripe_cart.payments import sync_order
from django_stripe_cart.payments.refund_requests import send_refund
from django_stripe_cart.timeline import BY_STAFF, Cause, lock_order, note

__all__ = ["amount_refundable", "refund_order"]


@deadline()
def refund_order(
    order: Order,
    amount: int | None = None,
    *,
    reason: str = "",
    restock: bool = False,
    by: Cause = BY_STAFF,
    key: UUID | None = None,
    expected_refundable: int | None = None,
) -> Order:
    """Refund a part of ``order``, or all that is left, and return the order freshly read.

    ``amount`` (int, smallest currency unit) is what to refund; None means all that is left.
    ``reason`` (str, up to 200 characters) is kept on the refund. With ``restock`` the stock that
    the order still holds is given back once Stripe has made the refund. ``key`` (UUID) identifies
    the refund: calling again with the same key refunds nothing more. ``expected_refundable`` (int,
    smallest currency unit) is the refundable amount on which the decision was based; if it has
    changed, nothing is refunded. ``by`` is written to the timeline.

    Sends ``order_refunded``. Raises ``RefundNotPossible`` (Stripe was not asked),
    ``PaymentRefused`` (Stripe refused, as it does during a dispute) or another ``PaymentError``
    (the outcome is unknown; the amount stays reserved, and a later sync finds out).
    """
    refund, is_new = _reserve(
        order,
        amount,
        reason=reason,
        restock=restock,
        by=by,
        key=key or uuid4(),
        expected_refundable=expected_refundable,
    )
    if is_new:
        _send(refund, by=by)
    return sync_order(order, by=by)


def amount_refundable(order: Order) -> int:
    """Return what can still be refunded (int, smallest currency unit).

    That is the amount paid, less all refunds that are made, pending or reserved.
    """
    reserved = order.refunds.active().aggregate(total=Sum("amount"))["total"] or 0
    return order.amount_paid - int(reserved)


@in_transaction
def _reserve(
    order: Order,
    amount: int | None,
    *,
    reason: str,
    restock: bool,
    by: Cause,
    key: UUID,
    expected_refundable: int | None,
) -> tuple[Refund, bool]:
    """Return the refund with this ``key``, and whether it was created just now."""
    order = lock_order(order)
    same = order.refunds.filter(key=key).first()
    if same is not None:
        return same, False
    left = amount_refundable(order)
    wanted = left if amount is None else amount
    if not order.payment_intent_id or left <= 0:
        raise RefundNotPossible
    params = {"left": format_money(left, order.currency)}
    if expected_refundable is not None and expected_refundable != left:
        raise RefundNotPossible(
            _(
                "Another refund was made in the meantime: %(left)s can still be refunded. "
                "Please check the amount."
            )
            % params
        )
    if not 0 < wanted <= left:
        raise RefundNotPossible(_("You can refund at most %(left)s.") % params)
    note(order, kind="refund_requested", by=by, message=str(wanted))
    refund = Refund.objects.create(
        order=order,
        key=key,
        amount=wanted,
        reason=reason[:200],
        restock=restock,
        actor=by.actor[:150],
    )
    return refund, True


def _send(refund: Refund, *, by: Cause) -> None:
    try:
        send_refund(refund, by=by)
    except PaymentRefused as error:
        if error.stripe_code == "charge_already_refunded":  # made in the Dashboard
            sync_order(refund.order, by=by)
        raise
