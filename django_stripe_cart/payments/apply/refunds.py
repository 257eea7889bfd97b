"""Apply Stripe's list of refunds to an order: its rows, refunded amount, stock and status."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from django_stripe_cart.emails import queue_email
from django_stripe_cart.gateway import StripeRefund
from django_stripe_cart.models import Order, OrderEmail, OrderIssue, Refund
from django_stripe_cart.payments.apply.replacements import close_issues_of_replaced_refunds
from django_stripe_cart.payments.apply.restock import restock
from django_stripe_cart.payments.issues import close_issues, open_issue
from django_stripe_cart.payments.metadata import REFUND_KEY
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.payments.snapshot import StaleSnapshot, StripeSnapshot
from django_stripe_cart.signals import order_refunded, refund_failed
from django_stripe_cart.timeline import note, transition

Status = Order.Status
Reason = OrderIssue.Reason

# There is nothing to decide about these once all was refunded.
OVER_ONCE_REFUNDED = (
    Reason.AMOUNT_MISMATCH,
    Reason.PAID_WITHOUT_STOCK,
    Reason.EARLY_FRAUD_WARNING,
)

# If Stripe does not find the payment, the secret key may be wrong for a while, and the refund may
# have been made with the right one. So the refund counts as not made only after this time.
TIME_WITHOUT_PAYMENT = timedelta(days=1)

# Kinds of timeline entries, by the status of a refund. Stripe may add statuses.
KINDS: dict[str, str] = {
    Refund.Status.SUCCEEDED: "refunded",
    Refund.Status.REQUIRES_ACTION: "refund_waits",
}

# A refund that is not in Stripe's list this long after it was sent, and was not in an earlier list,
# was not made. A request to Stripe ends after half a minute.
SEARCH_TIME = timedelta(minutes=15)


def apply_refunds(change: OrderChange, snapshot: StripeSnapshot) -> None:
    """Record the snapshot's refunds on the locked order, and update its refunded amount and status.

    A refund that was made in Stripe's Dashboard gets a row, too. A failed refund gets an issue,
    which is closed once a later refund replaces the failed refund. Queues ``order_refunded`` for
    each refund that has succeeded, and ``refund_failed`` for each refund that has failed. Raises
    ``StaleSnapshot`` if another process has changed a row since the snapshot was taken.
    """
    order = change.order
    rows = list(order.refunds.all())
    listed = [refund for refund in snapshot.refunds or () if refund.amount > 0]
    for refund in sorted(listed, key=lambda refund: refund.id):
        row = _find_row(rows, refund)
        if row is None:
            row = Refund(order=order, source=Refund.Source.STRIPE, amount=refund.amount)
            rows.append(row)
        if _is_stale(row, refund, snapshot):
            raise StaleSnapshot
        _apply_refund(change, row, refund)
    for row in rows:
        if row.status == Refund.Status.UNKNOWN:
            _fail_if_never_made(change, row, snapshot)
    order.amount_refunded = sum(row.amount for row in rows if row.is_succeeded)
    _update_status(change)
    close_issues_of_replaced_refunds(change, rows)


def _find_row(rows: Iterable[Refund], refund: StripeRefund) -> Refund | None:
    """Return the row of ``refund``, a refund at Stripe, or None.

    The row has the id of the refund at Stripe, or the key that was sent in the refund's metadata.
    """
    key = refund.metadata.get(REFUND_KEY)
    for row in rows:
        if row.stripe_id == refund.id or (row.stripe_id is None and str(row.key) == key):
            return row
    return None


def _is_stale(row: Refund, refund: StripeRefund, snapshot: StripeSnapshot) -> bool:
    """Return whether another process has changed the row since the snapshot was taken.

    A row that already has the listed status is not stale.
    """
    if row.stripe_id is None or row.status == refund.status:
        return False
    return row.status != snapshot.refunds_before.get(row.stripe_id)


def _apply_refund(change: OrderChange, row: Refund, refund: StripeRefund) -> None:
    """Save the id and status of Stripe's ``refund`` in ``row``, and act on a new status.

    The new status is written to the timeline. If the refund has succeeded, its items go back to the
    stock, and ``order_refunded`` and an e-mail are queued. If the refund has failed, an issue is
    opened and ``refund_failed`` is queued.
    """
    if row.stripe_id is not None and row.status == refund.status:
        return
    was_known, had_failed = row.stripe_id is not None, row.is_failed
    if not was_known:
        close_issues(change, Reason.REFUND_NOT_MADE, about=str(row.key))
    row.stripe_id, row.status, row.missing_since = refund.id, refund.status, None
    row.save()
    if row.is_failed:
        if not (was_known and had_failed):
            _report_failure(change, row, Reason.REFUND_FAILED, about=refund.id, again=had_failed)
        return
    note(
        change.order,
        kind=KINDS.get(row.status, "refund_pending"),
        by=change.by,
        message=str(row.amount),
        about=refund.id,
    )
    if row.is_succeeded:
        restock(change, row)
        change.queue_signal(order_refunded, refund=row)
        queue_email(row.order, OrderEmail.Kind.REFUNDED, refund=row)


def _fail_if_never_made(change: OrderChange, row: Refund, snapshot: StripeSnapshot) -> None:
    """Mark a refund as FAILED if it is certain that the refund was never made.

    The refund is not in Stripe's list. It was never made if Stripe refuses to list refunds. It was
    never made, too, if an earlier list lacked the refund and this list was taken late enough.
    """
    if not snapshot.are_refunds_refused:
        if row.missing_since is None:
            row.missing_since = snapshot.taken_at
            row.save()
            return
        sent_at = row.resent_at or row.created
        if snapshot.taken_at < sent_at + SEARCH_TIME:
            return
    _mark_not_made(change, row)


def fail_refunds_of_missing_payment(change: OrderChange) -> None:
    """Mark refunds as FAILED if their outcome has been unknown for a day.

    Stripe does not find the order's payment, because the secret key is of another account, for
    example in a copy of the shop. Opens an issue and queues ``refund_failed`` for each of these
    refunds.
    """
    too_old = timezone.now() - TIME_WITHOUT_PAYMENT
    for row in change.order.refunds.unknown().filter(created__lt=too_old):
        _mark_not_made(change, row)


def _mark_not_made(change: OrderChange, row: Refund) -> None:
    """Mark a refund that was never made as FAILED, and report the failure."""
    row.status = Refund.Status.FAILED
    row.save()
    _report_failure(change, row, Reason.REFUND_NOT_MADE, about=str(row.key))


def _report_failure(
    change: OrderChange, row: Refund, reason: str, *, about: str, again: bool = False
) -> None:
    """Add the failure of a refund to the timeline, open an issue, and queue ``refund_failed``.

    ``again`` is whether the refund has failed before. If it has, the signal is not queued, because
    the signal is sent only once for each refund.
    """
    note(change.order, kind=reason, by=change.by, message=str(row.amount), about=about)
    open_issue(change, reason, about=about)
    if not again:
        change.queue_signal(refund_failed, refund=row)


def _update_status(change: OrderChange) -> None:
    """Mark the order as REFUNDED if all that was paid is refunded, and close the order's issues.

    If the order is REFUNDED and a refund has failed since, restore the order's earlier status.
    """
    order = change.order
    is_whole = 0 < order.amount_paid <= order.amount_refunded
    if is_whole and order.status in (Status.PROCESSING, Status.PAID, Status.FULFILLED):
        transition(
            order,
            lambda: order.mark_refunded(at=timezone.now()),
            kind="refunded_whole",
            by=change.by,
        )
        close_issues(change, *OVER_ONCE_REFUNDED)
        if order.held_for:
            close_issues(change, order.held_for, about="")
    elif not is_whole and order.status == Status.REFUNDED:
        _restore_status(change)


def _restore_status(change: OrderChange) -> None:
    """Restore the status that the order had before it was REFUNDED, because a refund has failed.

    A refund can fail up to 30 days after it succeeded (docs.stripe.com/refunds: failed refunds). If
    the order's payment waited for the decision of staff before the refund, it waits again.
    """
    order, kind = change.order, "refund_undone"
    if order.fulfilled_at is not None:
        transition(order, lambda: order.mark_fulfilled(at=timezone.now()), kind=kind, by=change.by)
    elif order.paid_at is not None:
        transition(order, lambda: order.mark_paid(at=timezone.now()), kind=kind, by=change.by)
    else:
        transition(order, order.mark_processing, kind=kind, by=change.by)
    if order.is_held:
        open_issue(change, order.held_for)
    for issue in _find_issues_to_open_again(order):
        open_issue(change, issue.reason, about=issue.about)


def _find_issues_to_open_again(order: Order) -> list[OrderIssue]:
    """Return the issues that the refund of the whole order has closed.

    Issues that staff have settled are left out. If the payment of the order was accepted, issues
    about the amount or the stock are left out, too.
    """
    issues = list(order.issues.filter(reason__in=OVER_ONCE_REFUNDED))
    settled = {(issue.reason, issue.about) for issue in issues if issue.settled_by}
    return [
        issue
        for issue in issues
        if (issue.reason, issue.about) not in settled
        and (order.is_held or issue.reason == Reason.EARLY_FRAUD_WARNING)
    ]
