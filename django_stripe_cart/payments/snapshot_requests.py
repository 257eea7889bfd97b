"""Request from Stripe the objects of an order's snapshot."""

from __future__ import annotations

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.exceptions import PaymentMissing, PaymentNotConfigured, PaymentRefused
from django_stripe_cart.gateway import FraudWarning, Review, Session, StripeDispute, StripeRefund
from django_stripe_cart.models import Order, OrderIssue, Refund
from django_stripe_cart.payments.checkout_sessions import expire_or_retrieve_session
from django_stripe_cart.payments.snapshot import EVERYTHING, Mention, StripeSnapshot

Reason = OrderIssue.Reason

# Types of Stripe objects whose events are a reason to list the refunds of a payment.
REFUND_TYPES = ("charge", "refund", EVERYTHING.type)

# Types of Stripe objects that are about a payment, though not always about the session's.
PAYMENT_TYPES = (*REFUND_TYPES, "dispute", "review", "radar.early_fraud_warning")


def take_snapshot(order: Order, mention: Mention) -> StripeSnapshot:
    """Request the order's session from Stripe, and its refunds, disputes and reviews.

    Refunds, disputes and reviews are requested only if the session or our rows show that there are
    any. ``mention``, the object that a webhook event is about, is always requested: Stripe's lists
    may not have it yet, and it may be about a second payment of the order. For ``EVERYTHING``, all
    are requested. If the order is to be canceled, the session is expired first. Raises
    ``PaymentError``.
    """
    taken_at = timezone.now()  # before the requests: what they miss was sent later
    refunds = list(Refund.objects.filter(order=order.pk))
    session = _retrieve_or_expire_session(order)
    if not session.payment_intent_id and mention.type not in PAYMENT_TYPES:
        return StripeSnapshot(session)
    # A paid order is synced again because something has changed since.
    issues = _read_issues_to_recheck(order) if order.amount_paid > 0 or mention.type else []
    has_refunds = session.is_paid and (session.amount_refunded > 0 or order.amount_paid > 0)
    is_asked = bool(session.payment_intent_id) and (has_refunds or mention.type in REFUND_TYPES)
    listed = _list_refunds(session, refunds, mention) if is_asked else None
    disputes_before, disputes = _read_disputes(order, session, mention)
    return StripeSnapshot(
        session,
        refunds=listed,
        disputes=disputes,
        reviews=_retrieve_reviews(session, issues, mention),
        warnings=_retrieve_warnings(session, mention),
        other_sessions=_retrieve_other_sessions(issues, mention),
        are_refunds_refused=is_asked and listed is None,
        refunds_before={str(row.stripe_id): row.status for row in refunds if row.stripe_id},
        disputes_before=disputes_before,
        taken_at=taken_at,
    )


def _retrieve_or_expire_session(order: Order) -> Session:
    """Return the order's session from Stripe. Expire it first if the order is to be canceled."""
    if order.is_pending and order.cancel_requested_at is not None:
        return expire_or_retrieve_session(order)
    return gateway.retrieve_session(order.session_id or "")


def _read_issues_to_recheck(order: Order) -> list[OrderIssue]:
    """Return the order's issues that a review or a refund at Stripe can end."""
    return list(order.issues.filter(reason__in=(Reason.UNKNOWN_MONEY, Reason.REVIEW)))


def _list_refunds(
    session: Session, rows: list[Refund], mention: Mention
) -> list[StripeRefund] | None:
    """Return Stripe's refunds of the session's payment, or None if Stripe refuses to list them.

    Stripe refuses if the secret key is of another account. Raises ``PaymentRefused`` if there may
    be refunds that are not recorded yet.
    """
    try:
        listed = gateway.list_refunds(session.payment_intent_id)
    except PaymentNotConfigured:
        raise
    except PaymentRefused:
        recorded = sum(row.amount for row in rows if row.stripe_id and not row.is_failed)
        if mention.type in REFUND_TYPES or session.amount_refunded != recorded:
            raise
        return None
    if mention.type == "refund" and not mention.is_in(listed):
        refund = gateway.retrieve_refund(mention.id)
        if refund.payment_intent_id == session.payment_intent_id:
            listed = [*(one for one in listed if one.id != refund.id), refund]
    return listed


def _read_disputes(
    order: Order, session: Session, mention: Mention
) -> tuple[dict[str, str], list[StripeDispute] | None]:
    """Return two values: the recorded statuses of the order's disputes, and Stripe's list.

    The statuses are by Stripe's ids. The list is None if nothing shows that there are disputes.
    """
    is_mentioned = mention.type == "dispute"
    is_wanted = session.is_disputed or is_mentioned or mention == EVERYTHING
    if not (is_wanted or order.amount_paid > 0):
        return {}, None
    before = dict(order.disputes.values_list("stripe_id", "status"))
    if not (is_wanted or before):
        return {}, None
    intent = session.payment_intent_id
    listed = gateway.list_disputes(intent) if intent else []
    # It may also be about another payment of the order, see UNKNOWN_MONEY.
    if is_mentioned and not mention.is_in(listed):
        dispute = gateway.retrieve_dispute(mention.id)
        listed = [*(one for one in listed if one.id != dispute.id), dispute]
    return before, listed


def _retrieve_reviews(session: Session, issues: list[OrderIssue], mention: Mention) -> list[Review]:
    """Return the reviews from Stripe that have an open issue, and the one that is mentioned."""
    ids = {issue.about for issue in issues if issue.reason == Reason.REVIEW and issue.is_open}
    if mention.type == "review":
        ids.add(mention.id)
    if mention == EVERYTHING and session.review_id:
        ids.add(session.review_id)
    return [gateway.retrieve_review(one) for one in sorted(ids)]


def _retrieve_warnings(session: Session, mention: Mention) -> list[FraudWarning]:
    """Return the mentioned early fraud warning from Stripe in a list, which may be empty."""
    if mention == EVERYTHING and session.payment_intent_id:
        return gateway.list_fraud_warnings(session.payment_intent_id)
    if mention.type != "radar.early_fraud_warning":
        return []
    return [gateway.retrieve_fraud_warning(mention.id)]


def _retrieve_other_sessions(issues: list[OrderIssue], mention: Mention) -> list[Session]:
    """Return the sessions of second payments from Stripe, which show whether they were refunded.

    Those with an open issue are requested. If ``mention`` is a refund, those already refunded are
    requested, too, because their refund may have failed.
    """
    about_refunds = mention.type in REFUND_TYPES
    ids = {
        issue.about
        for issue in issues
        if issue.reason == Reason.UNKNOWN_MONEY
        and issue.about
        and (issue.is_open or (about_refunds and not issue.settled_by))
    }
    sessions = []
    for one in sorted(ids):
        try:
            sessions.append(gateway.retrieve_session(one))
        except PaymentMissing:
            continue  # of another account's key: the issue stays for staff
    return sessions
