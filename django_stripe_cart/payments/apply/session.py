"""Apply a Checkout Session to its order, which becomes paid, processing, failed or closed."""

from __future__ import annotations

import logging

from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.cart import changes as carts
from django_stripe_cart.conf import conf
from django_stripe_cart.database import is_retryable, savepoint
from django_stripe_cart.emails import queue_email
from django_stripe_cart.emails.addresses import clean_email
from django_stripe_cart.exceptions import OutOfStock
from django_stripe_cart.gateway import Session
from django_stripe_cart.logs import describe_without_values
from django_stripe_cart.models import Order, OrderEmail, OrderIssue
from django_stripe_cart.models.states import HOLDS
from django_stripe_cart.payments.issues import close_issues, open_issue
from django_stripe_cart.payments.order_change import OrderChange
from django_stripe_cart.signals import order_canceled, order_paid
from django_stripe_cart.timeline import transition

Status = Order.Status
Reason = OrderIssue.Reason

logger = logging.getLogger("stripe_cart")

# Orders with these statuses have given their stock back, and their items are still in the cart.
RELEASED = (Status.EXPIRED, Status.CANCELED)
UNPAID = (Status.PENDING, Status.PROCESSING, Status.FAILED, *RELEASED)


def apply_session(change: OrderChange, session: Session) -> None:
    """Update the locked order from ``session``.

    Queues ``order_paid`` if the order becomes PAID, and ``order_canceled`` if it becomes CANCELED.
    """
    order = change.order
    if session.is_complete:
        _apply_complete_session(change, session)
    elif session.is_expired and order.is_pending:
        close_order(change)
    elif session.is_open and session.url:
        order.session_url = session.url


def adopt_session(change: OrderChange, session: Session) -> bool:
    """Store a paid session on an order that has no session, and return whether it was stored.

    The session must have the order's reference as its ``client_reference_id``. An order may lack
    its session after a backup was restored. If the order has another session, ``session`` is a
    second payment, and an issue is opened about this payment.
    """
    order = change.order
    if not session.is_paid or session.client_reference_id != str(order.reference):
        return False
    if order.session_id is None:
        order.session_id = session.id
        if order.session_params is None:  # of its key, nothing was saved either
            order.livemode = session.livemode
            order.api_key_digest = conf.api_key_digest
        return True
    apply_second_payment(change, session)
    return False


def apply_second_payment(change: OrderChange, session: Session) -> None:
    """Open an issue about a second payment of the order.

    If the second payment is refunded, close its issue instead.
    """
    reason = Reason.UNKNOWN_MONEY
    if session.amount_refunded >= session.amount_total:
        close_issues(change, reason, about=session.id)
        return
    # An issue that staff has settled stays settled. One that a refund closed does not: the refund
    # may have failed since.
    settled = change.order.issues.filter(reason=reason, about=session.id, settled__isnull=False)
    if not settled.exclude(settled_by="").exists():
        open_issue(change, reason, about=session.id)


def mark_order_paid(change: OrderChange) -> None:
    """Mark the locked order as PAID, and queue ``order_paid`` and the e-mail to the shopper."""
    order = change.order
    transition(order, lambda: order.mark_paid(at=timezone.now()), kind="paid", by=change.by)
    change.queue_signal(order_paid)
    queue_email(order, OrderEmail.Kind.PAID)


def close_order(change: OrderChange, *, message: str = "") -> None:
    """Close a locked order that can't be paid any more, and give its stock back.

    The order becomes CANCELED if its cancellation was requested, and EXPIRED otherwise. ``message``
    is written to the timeline. Queues ``order_canceled`` if the order becomes CANCELED.
    """
    order = change.order
    canceled = order.cancel_requested_at is not None
    mark = order.mark_canceled if canceled else order.mark_expired
    kind = "canceled" if canceled else "expired"
    transition(order, lambda: mark(at=timezone.now()), kind=kind, by=change.by, message=message)
    _give_back_stock(change)
    if canceled:
        change.queue_signal(order_canceled)


def remove_from_cart(order: Order) -> None:
    """Subtract the ordered quantities from the cart from which the order was placed."""
    if order.cart_id is not None:
        ordered = order.items.order_by().values_list("product_id", "quantity")
        carts.remove_ordered(order.cart_id, ordered)


def _apply_complete_session(change: OrderChange, session: Session) -> None:
    """Update the locked order from a session that the shopper has completed.

    The amount paid and the shopper's e-mail address are stored. An unpaid order becomes PAID,
    PROCESSING or FAILED, and its items are removed from the cart.
    """
    order = change.order
    order.payment_intent_id = session.payment_intent_id or order.payment_intent_id
    if order.anonymized_at is None:
        _store_contact(order, session)
    if session.is_paid:
        order.amount_paid = session.amount_total
        order.amount_shipping = session.amount_shipping
    if order.status not in UNPAID:
        return
    if order.is_held and not session.has_failed:
        _hold_for_amount_too(change, session)
        return
    is_first = order.status == Status.PENDING or order.status in RELEASED
    if is_first:
        remove_from_cart(order)
    holds = _take_stock_and_find_holds(order, session)
    if session.is_paid and not holds:
        mark_order_paid(change)
        return
    if is_first or holds:
        _mark_processing(change, holds)
    if session.has_failed and order.status == Status.PROCESSING:
        _mark_failed(change)


def _hold_for_amount_too(change: OrderChange, session: Session) -> None:
    """Open an issue if an order that waits for staff was paid with an unexpected amount.

    Before the payment arrived, the order already waited for staff for another reason.
    """
    is_expected = not session.is_paid or _amounts_match(change.order, session)
    if not is_expected and not change.order.issues.filter(reason=Reason.AMOUNT_MISMATCH).exists():
        open_issue(change, Reason.AMOUNT_MISMATCH)


def _store_contact(order: Order, session: Session) -> None:
    """Store the shopper's e-mail address and the URL of Stripe's receipt on the order."""
    order.email = order.email or clean_email(session.email)
    if session.is_paid:
        order.receipt_url = session.receipt_url or order.receipt_url


def _mark_processing(change: OrderChange, holds: list[str]) -> None:
    """Mark the order as PROCESSING, and open an issue for each reason in ``holds``.

    Each reason is an ``OrderIssue.Reason``. If there is a reason, the order waits until staff
    accept its payment.
    """
    order = change.order
    if order.status != Status.PROCESSING:
        transition(order, order.mark_processing, kind="processing", by=change.by)
    if holds:
        order.held_for = holds[0]
    for reason in holds:
        open_issue(change, reason)


def _mark_failed(change: OrderChange) -> None:
    """Mark the order as FAILED, give its stock back and queue an e-mail to the shopper."""
    order = change.order
    transition(order, lambda: order.mark_failed(at=timezone.now()), kind="failed", by=change.by)
    release_hold(change)
    _give_back_stock(change)
    queue_email(order, OrderEmail.Kind.FAILED)


def release_hold(change: OrderChange) -> None:
    """Save that the order no longer waits for staff, and close the issues that made it wait.

    Staff have accepted the order's payment, or the payment has failed.
    """
    if change.order.held_for:
        change.order.held_for = ""
        close_issues(change, *HOLDS, about="")


def _take_stock_and_find_holds(order: Order, session: Session) -> list[str]:
    """Retake stock that was given back, and return the reasons why staff must accept the payment.

    Each reason is an ``OrderIssue.Reason``. If there is no reason, a paid order can become PAID.
    """
    holds: list[str] = []
    if session.is_paid and session.livemode != order.livemode:
        holds.append(Reason.UNKNOWN_MONEY)
    elif session.is_paid and not _amounts_match(order, session):
        holds.append(Reason.AMOUNT_MISMATCH)
    gave_back = order.status in RELEASED or (order.status == Status.FAILED and session.is_paid)
    if gave_back and not _retake_stock(order):
        holds.append(Reason.PAID_WITHOUT_STOCK)
    return holds


def _amounts_match(order: Order, session: Session) -> bool:
    """Return whether the currency and the amounts of the session fit the order.

    ``amount_subtotal`` must equal the order's total. Discounts, taxes and shipping change only
    ``amount_total`` (docs.stripe.com/api/checkout/sessions/object: total_details). They come from
    ``STRIPE_CART_SESSION_OPTIONS``. Without this setting, ``amount_total`` must equal the order's
    total, too.
    """
    if (session.currency, session.amount_subtotal) != (order.currency, order.total):
        return False
    return session.amount_total == order.total or conf.has_session_options


def _retake_stock(order: Order) -> bool:
    """Retake the stock that the order has given back, and return whether there was enough.

    If the product's model or database raises an exception, False is returned, because the payment
    is recorded in any case.
    """
    try:
        with savepoint():
            stock.take_again(order)
    except OutOfStock:
        return False
    except Exception as error:
        if is_retryable(error):
            raise
        logger.error("Stock of order %s: %s", order.reference, describe_without_values(error))
        return False
    return True


def _give_back_stock(change: OrderChange) -> None:
    """Give back the stock that the order's items hold. If this fails, open an issue."""
    if stock.give_back(change.order):
        open_issue(change, Reason.STOCK_NOT_RETURNED)
