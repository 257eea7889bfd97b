"""Money back: reserved in a row, then asked for, then learned of through the one door."""

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
    seen: int | None = None,
) -> Order:
    """Send money back to the shopper and return the order freshly read.

    ``amount`` is an int in the smallest currency unit; None means all that is left. ``restock``
    gives back all the stock that the order still holds, once Stripe has taken the refund. ``key``
    names this one refund: asked for again by the same name, no more is sent. ``seen`` is what was
    left when somebody decided (int, smallest currency unit): if that has changed, nothing is asked.

    Sends ``order_refunded``. Raises ``RefundNotPossible`` (nothing was asked), ``PaymentRefused``
    (Stripe said no) or another ``PaymentError``: then it may have been made, stays reserved, and
    any later sync finds out. A dispute is Stripe's to judge: while it is open, Stripe refuses.
    """
    refund, is_new = _reserve(
        order, amount, reason=reason, restock=restock, by=by, key=key or uuid4(), seen=seen
    )
    if not is_new:
        return sync_order(order, by=by)
    try:
        send_refund(refund, by=by)
    except PaymentRefused as error:
        if error.code == "charge_already_refunded":  # in the Dashboard, and nobody told us
            sync_order(order, by=by)
        raise
    return sync_order(order, by=by)


def amount_refundable(order: Order) -> int:
    """int, smallest currency unit: what was paid, less all that went back or is on its way."""
    reserved = order.refunds.standing().aggregate(total=Sum("amount"))["total"] or 0
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
    seen: int | None,
) -> tuple[Refund, bool]:
    """Return the refund, and whether it is a new one."""
    order = lock_order(order)
    same = order.refunds.filter(key=key).first()
    if same is not None:
        return same, False
    left = amount_refundable(order)
    wanted = left if amount is None else amount
    if not order.payment_intent_id or left <= 0:
        raise RefundNotPossible
    words = {"left": format_money(left, order.currency)}
    if seen is not None and seen != left:
        raise RefundNotPossible(
            _("Something else was refunded meanwhile: %(left)s are left. Please decide again.")
            % words
        )
    if not 0 < wanted <= left:
        raise RefundNotPossible(_("At most %(left)s can be refunded.") % words)
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
