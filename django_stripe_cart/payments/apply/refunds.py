"""Apply Stripe's list of refunds to an order: its refund rows, refunded amount and status."""

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

# Review flags that are removed when the whole order is refunded.
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
    """Update the refund rows, the refunded amount and the status of the locked ``order``.

    ``listed`` is Stripe's list of the order's refunds; a refund that was made in Stripe's Dashboard
    gets a row. ``before`` maps refund ids to the statuses of our rows before the list was
    requested. Queues ``order_refunded`` for each new refund. Raises ``StaleSnapshot`` if another
    process has changed a row since then.
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
    """Return the row of a refund at Stripe, found by its id or by the key in its metadata."""
    key = refund.metadata.get(REFUND_KEY)
    for row in rows:
        if row.stripe_id == refund.id or (row.stripe_id is None and str(row.key) == key):
            return row
    return None


def _is_stale(row: Refund, refund: StripeRefund, before: Mapping[str, str]) -> bool:
    """Return whether another process has given ``row`` a status that ``refund`` does not have."""
    if row.stripe_id is None or row.status == refund.status:
        return False
    return row.status != before.get(row.stripe_id)


def _update_row(row: Refund, refund: StripeRefund, *, by: Cause, change: OrderChange) -> None:
    """Save the id and status of a refund at Stripe on its row, and queue what follows from them."""
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
    """Note on the timeline that the refund has failed, and flag its order for review."""
    note(row.order, kind="refund_failed", by=by, message=str(row.amount))
    row.order.attention = row.order.attention or Order.Attention.REFUND_FAILED


def _update_status(order: Order, *, by: Cause) -> None:
    """Mark a wholly refunded order as REFUNDED, or restore the status of one that is not."""
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
    """Return a REFUNDED order to its earlier status, because one of its refunds has failed.

    A refund can fail up to 30 days after it succeeded (docs.stripe.com/refunds: failed refunds).
    """
    if order.fulfilled_at is not None:
        transition(
            order, lambda: order.mark_fulfilled(at=timezone.now()), kind="refund_undone", by=by
        )
    elif order.paid_at is not None:
        transition(order, lambda: order.mark_paid(at=timezone.now()), kind="refund_undone", by=by)
    else:
        transition(order, order.mark_processing, kind="refund_undone", by=by)
