"""Refund an order: save a refund row, create the refund at Stripe, then sync the order."""

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
    """Refund ``amount`` of ``order``, and return the order freshly read.

    ``amount`` (int, smallest currency unit) defaults to everything that can still be refunded.
    ``reason`` (str, up to 200 characters) is stored on the refund. With ``restock``, the order's
    stock is given back when Stripe has created the refund. ``key`` (UUID) identifies the refund: a
    second call with the same key refunds nothing more. If ``expected_refundable`` (int, smallest
    currency unit) is given and differs from ``amount_refundable(order)``, nothing is refunded.
    ``by`` is written to the timeline.

    Sends ``order_refunded``. Raises ``RefundNotPossible`` if the amount can't be refunded; no
    request is sent to Stripe then. Raises ``PaymentRefused`` if Stripe refuses, for example during
    a dispute. Raises another ``PaymentError`` if the outcome is unknown: the amount stays reserved,
    and a later sync records the outcome.
    """
    refund, is_new = _get_or_create_refund(
        order,
        amount,
        reason=reason,
        restock=restock,
        by=by,
        key=key or uuid4(),
        expected_refundable=expected_refundable,
    )
    if is_new:
        _send_or_sync(refund, by=by)
    return sync_order(order, by=by)


def amount_refundable(order: Order) -> int:
    """Return the amount that can still be refunded (int, smallest currency unit).

    It is the amount paid minus all refunds that have not failed.
    """
    reserved = order.refunds.active().aggregate(total=Sum("amount"))["total"] or 0
    return order.amount_paid - int(reserved)


@in_transaction
def _get_or_create_refund(
    order: Order,
    amount: int | None,
    *,
    reason: str,
    restock: bool,
    by: Cause,
    key: UUID,
    expected_refundable: int | None,
) -> tuple[Refund, bool]:
    """Return the refund row with ``key``, and whether this call created it."""
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


def _send_or_sync(refund: Refund, *, by: Cause) -> None:
    """Create the refund at Stripe. Sync the order if Stripe answers that it is refunded already."""
    try:
        send_refund(refund, by=by)
    except PaymentRefused as error:
        if error.stripe_code == "charge_already_refunded":  # made in the Dashboard
            sync_order(refund.order, by=by)
        raise
