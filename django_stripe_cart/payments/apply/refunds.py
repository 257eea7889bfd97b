"""What Stripe's refunds make of an order, whoever made them: refunded, partly, or no longer."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.emails import promise_email
from django_stripe_cart.gateway import StripeRefund
from django_stripe_cart.models import Order, OrderEmail, Refund
from django_stripe_cart.payments.metadata import REFUND_KEY
from django_stripe_cart.payments.order_change import News
from django_stripe_cart.payments.snapshot import Known, Overtaken
from django_stripe_cart.signals import order_refunded
from django_stripe_cart.timeline import Cause, move, note

Status = Order.Status

# With all the money back, nobody has to decide about it any more.
SETTLED_BY_REFUND = (
    Order.Attention.AMOUNT_MISMATCH,
    Order.Attention.PAID_WITHOUT_STOCK,
    Order.Attention.UNKNOWN_MONEY,
)


def apply(
    order: Order, seen: Iterable[StripeRefund], *, known: Known, by: Cause, news: News
) -> None:
    """Bring the order's refunds to what Stripe lists, and the locked ``order`` to their sum."""
    rows = list(order.refunds.all())
    for refund in sorted(seen, key=lambda refund: refund.id):
        row = _find(rows, refund)
        if row is None:
            row = Refund(order=order, source=Refund.Source.STRIPE, amount=refund.amount)
            rows.append(row)
        if _is_overtaken(row, refund, known):
            raise Overtaken
        _update(row, refund, by=by, news=news)
    order.amount_refunded = sum(row.amount for row in rows if row.stripe_id and not row.is_gone)
    _move(order, by=by)


def _is_overtaken(row: Refund, refund: StripeRefund, known: Known) -> bool:
    """Whether the row was moved while we looked, and not to where we saw it."""
    if row.stripe_id is None or row.status == refund.status:
        return False
    return row.status != known.refunds.get(row.stripe_id)


def _find(rows: list[Refund], refund: StripeRefund) -> Refund | None:
    key = refund.metadata.get(REFUND_KEY)
    for row in rows:
        if row.stripe_id == refund.id or (row.stripe_id is None and str(row.key) == key):
            return row
    return None


def _update(row: Refund, refund: StripeRefund, *, by: Cause, news: News) -> None:
    is_new = row.stripe_id is None
    was_gone = row.is_gone
    if not is_new and row.status == refund.status:
        return
    row.stripe_id, row.status = refund.id, refund.status
    row.save()
    if row.is_gone:
        if not was_gone:
            _fail(row, by=by)
        return
    if is_new:
        note(row.order, kind="refunded", by=by, message=str(row.amount))
        if row.restock:
            stock.give_back(row.order)
        news.add(order_refunded, refund=row)
        promise_email(row.order, OrderEmail.Kind.REFUNDED, refund=row)


def _fail(row: Refund, *, by: Cause) -> None:
    note(row.order, kind="refund_failed", by=by, message=str(row.amount))
    row.order.attention = row.order.attention or Order.Attention.REFUND_FAILED


def _move(order: Order, *, by: Cause) -> None:
    is_whole = 0 < order.amount_paid <= order.amount_refunded
    if is_whole and order.status in (Status.PROCESSING, Status.PAID, Status.FULFILLED):
        move(order, lambda: order.mark_refunded(at=timezone.now()), kind="refunded_whole", by=by)
        if order.attention in SETTLED_BY_REFUND:
            order.attention = ""
    elif not is_whole and order.status == Status.REFUNDED:
        _move_back(order, by=by)


def _move_back(order: Order, *, by: Cause) -> None:
    """A refund can fail weeks after it succeeded: then the order is where it was before."""
    if order.fulfilled_at is not None:
        move(order, lambda: order.mark_fulfilled(at=timezone.now()), kind="refund_undone", by=by)
    elif order.paid_at is not None:
        move(order, lambda: order.mark_paid(at=timezone.now()), kind="refund_undone", by=by)
    else:
        move(order, order.mark_processing, kind="refund_undone", by=by)
