"""The one door for facts from Stripe: whoever rings, we look, lock and apply."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import (
    PaymentError,
    PaymentMissing,
    PaymentRefused,
    PaymentRetryable,
    PaymentStuck,
)
from django_stripe_cart.gateway import Session, deadline
from django_stripe_cart.logs import describe
from django_stripe_cart.models import Order, Refund
from django_stripe_cart.payments.checkout_sessions import close_session, learn_session
from django_stripe_cart.payments.record import close_missing, close_unlearned, record, record_free
from django_stripe_cart.payments.refund_requests import heal_refund
from django_stripe_cart.payments.snapshot import Known, Look, Overtaken
from django_stripe_cart.timeline import BY_SYNC, Cause

logger = logging.getLogger("stripe_cart")

# How long after its end a session that we never learned of is given up, for clocks that differ.
MARGIN = timedelta(minutes=10)


# A look that was overtaken by somebody else's is repeated; so many in a row are never seen.
LOOKS = 5


@deadline()
def sync_order(order: Order, *, seen: Session | None = None, by: Cause = BY_SYNC) -> Order:
    """Bring ``order`` to what Stripe says about its payment, and return it freshly read.

    ``seen`` is its session as Stripe has just shown it; without it, we look. Sends ``order_paid``
    or ``order_canceled`` in the transaction that makes it so. Running it again changes nothing.
    Raises ``PaymentError`` if Stripe can't be asked.
    """
    if seen is not None:
        return record(order, Look(seen), by=by)
    if order.session_id is not None:
        return _sync_session(order, by=by)
    if order.total == 0:
        return record_free(order, by=by)
    return _sync_unlearned(order, by=by) if order.is_pending else order


def _sync_session(order: Order, *, by: Cause) -> Order:
    # With the order as it is now: the caller's may be from before it was paid.
    for refund in Refund.objects.unknown().filter(order=order.pk).select_related("order"):
        heal_refund(refund, by=by)
    for _round in range(LOOKS):
        try:
            return record(order, _look(Order.objects.get(pk=order.pk)), by=by)
        except Overtaken:
            continue
        except PaymentMissing:
            if order.is_pending and _is_out_of_reach(order):
                return close_missing(order, by=by)
            raise
    raise PaymentRetryable


def _look(order: Order) -> Look:
    """Look at all that Stripe knows about the order, remembering what we knew before."""
    known = Known.of(order)
    session = _look_at_session(order)
    intent = session.payment_intent_id
    if not session.is_paid or not intent:
        return Look(session)
    # A paid order is looked at again only because something happened to its money.
    has_refunds = session.amount_refunded > 0 or order.amount_paid > 0
    has_disputes = session.is_disputed or bool(order.dispute_status)
    return Look(
        session,
        refunds=gateway.list_refunds(intent) if has_refunds else None,
        disputes=gateway.list_disputes(intent) if has_disputes else None,
        known=known,
    )


def _look_at_session(order: Order) -> Session:
    """The session as it is now; a cancellation that is still waiting is carried out first."""
    if order.is_pending and order.cancel_requested_at is not None:
        return close_session(order)
    return gateway.retrieve_session(order.session_id or "")


def _sync_unlearned(order: Order, *, by: Cause) -> Order:
    """A pending order without a session: learn of it, or give it up once nobody can have it."""
    if _is_abandoned(order):
        return close_unlearned(order, by=by)
    try:
        order = learn_session(order, by=by)
    except (PaymentRefused, PaymentStuck):
        return close_unlearned(order, by=by)
    return sync_order(order, by=by) if order.session_id is not None else order


def _is_abandoned(order: Order) -> bool:
    """Whether its session was never asked for, and no longer will be; or is over by any clock."""
    if order.session_params is None and order.cancel_requested_at is not None:
        return True
    return _is_over(order)


def _is_out_of_reach(order: Order) -> bool:
    """Whether nobody pays any more for a session that this account does not know.

    It is another account's or mode's, since the key was changed; or a sandbox was started anew,
    which has no money to lose.
    """
    return _is_over(order) or not order.is_of_this_mode or bool(conf.api_base)


def _is_over(order: Order) -> bool:
    lifetime = timedelta(minutes=conf.session_minutes)
    end = order.session_expires_at or order.placed_at + lifetime
    return end + MARGIN < timezone.now()


# --- what no bell rang for ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of one order: where it stood, where it stands, or what kept us from knowing."""

    order: Order
    before: str
    error: Exception | None = None


def sync_open_orders(
    orders: Iterable[Order] | None = None, *, dry_run: bool = False
) -> Iterator[Synced]:
    """Look at every order whose news is overdue (or at ``orders``), and yield what came of each.

    Any number may run side by side: a row is claimed by a conditional UPDATE, and worked on once.
    With ``dry_run`` nothing is asked and nothing changed. A failure is yielded, not raised.
    """
    for order in Order.objects.overdue_for_sync() if orders is None else orders:
        if dry_run:
            yield Synced(order, before=order.status)
        elif _claim(order):
            yield _sync_one(order)


def _claim(order: Order) -> bool:
    unchanged = Order.objects.filter(pk=order.pk, synced_at=order.synced_at)
    return bool(unchanged.update(synced_at=timezone.now()))


def _sync_one(order: Order) -> Synced:
    try:
        return Synced(sync_order(order, by=BY_SYNC), before=order.status)
    except PaymentError as error:
        return Synced(order, before=order.status, error=error)
    except Exception as error:  # a host's receiver, say: the others behind it shall not wait
        logger.error("Order %s could not be synced: %s", order.reference, describe(error))
        return Synced(order, before=order.status, error=error)
