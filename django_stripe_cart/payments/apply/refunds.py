"""Apply the refunds that Stripe lists: our rows, the amount refunded and the order's status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.emails import queue_email
from django_stripe_cart.gateway import StripeRefund
from django_stripe_cart.models import Order, OrderEmail, Refund
from django_stripe_cart.payments.metadata import REFUND_KEY
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.payments.snapshot import StaleSnapshot
from django_stripe_cart.signals import order_refunded
from django_stripe_cart.timeline import Cause, note, transition

Status = Order.Status

# A whole refund leaves nothing to decide about these.
CLEARED_BY_REFUND = (
    Order.Attention.AMOUNT_MISMATCH,
    Order.Attention.PAID_WITHOUT_STOCK,
    Order.Attention.UNKNOWN_MONEY,
)


def apply_refunds(
    order: Order,
    listed: Iterable[StripeRefund],
    *,
    before: Mapping[str, str],
    by: Cause,
    change: OrderChange,
) -> None:
    """Bring the refund rows of the locked ``order`` to Stripe's list, and the order to their sum.

    Refunds made in Stripe's Dashboard become rows too. ``before`` maps Stripe's refund ids to the
    statuses that were recorded before the list was requested. Queues ``order_refunded`` for each
    refund that is new. Raises ``StaleSnapshot`` if a row changed since then.
    """
    rows = list(order.refunds.all())
    for refund in sorted(listed, key=lambda refund: refund.id):
        row = _find_row(rows, refund)
        if row is None:
            row = Refund(order=order, source=Refund.Source.STRIPE, amount=refund.amount)
            rows.append(row)
        if _is_stale(row, refund, before):
            raise StaleSnapshot
        _update_row(row, refund, by=by, change=change)
    order.amount_refunded = sum(row.amount for row in rows if row.stripe_id and not row.is_failed)
    _update_status(order, by=by)


def _find_row(rows: list[Refund], refund: StripeRefund) -> Refund | None:
    key = refund.metadata.get(REFUND_KEY)
    for row in rows:
        if row.stripe_id == refund.id or (row.stripe_id is None and str(row.key) == key):
            return row
    return None


def _is_stale(row: Refund, refund: StripeRefund, before: Mapping[str, str]) -> bool:
    """Whether the row changed since the snapshot, to another status than the snapshot has."""
    if row.stripe_id is None or row.status == refund.status:
        return False
    return row.status != before.get(row.stripe_id)


def _update_row(row: Refund, refund: StripeRefund, *, by: Cause, change: OrderChange) -> None:
    is_new = row.stripe_id is None
    had_failed = row.is_failed
    if not is_new and row.status == refund.status:
        return
    row.stripe_id, row.status = refund.id, refund.status
    row.save()
    if row.is_failed:
        if not had_failed:
            _flag_failure(row, by=by)
        return
    if is_new:
        note(row.order, kind="refunded", by=by, message=str(row.amount))
        if row.restock:
            stock.give_back(row.order)
        change.queue_signal(order_refunded, refund=row)
        queue_email(row.order, OrderEmail.Kind.REFUNDED, refund=row)


def _flag_failure(row: Refund, *, by: Cause) -> None:
    note(row.order, kind="refund_failed", by=by, message=str(row.amount))
    row.order.attention = row.order.attention or Order.Attention.REFUND_FAILED


def _update_status(order: Order, *, by: Cause) -> None:
    is_whole = 0 < order.amount_paid <= order.amount_refunded
    if is_whole and order.status in (Status.PROCESSING, Status.PAID, Status.FULFILLED):
        transition(
            order, lambda: order.mark_refunded(at=timezone.now()), kind="refunded_whole", by=by
        )
        if order.attention in CLEARED_BY_REFUND:
            order.attention = ""
    elif not is_whole and order.status == Status.REFUNDED:
        _restore_status(order, by=by)


def _restore_status(order: Order, *, by: Cause) -> None:
    """Return the order to its earlier status: a refund can fail up to 30 days after it succeeded.

    Source: docs.stripe.com/refunds (failed refunds).
    """
    if order.fulfilled_at is not None:
        transition(
            order, lambda: order.mark_fulfilled(at=timezone.now()), kind="refund_undone", by=by
        )
    elif order.paid_at is not None:
        transition(order, lambda: order.mark_paid(at=timezone.now()), kind="refund_undone", by=by)
    else:
        transition(order, order.mark_processing, kind="refund_undone", by=by)
