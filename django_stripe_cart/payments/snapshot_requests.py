"""Request the objects of an order's snapshot from Stripe."""

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
    """Request what Stripe has for the order, and return it as a snapshot.

    The order's session is always requested. Refunds, disputes and reviews are requested only if the
    session or our rows show that there are any. ``mention`` is the object that a webhook event is
    about. It is always requested, because Stripe's lists may not have it yet, and because it may
    belong to a second payment of the order. If ``mention`` is ``EVERYTHING``, all objects are
    requested. If the cancellation of a pending order was requested, its session is expired first.
    Raises ``PaymentError``.
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
    """Return the order's session from Stripe.

    If the cancellation of a pending order was requested, its session is expired first.
    """
    if order.is_pending and order.cancel_requested_at is not None:
        return expire_or_retrieve_session(order)
    return gateway.retrieve_session(order.session_id or "")


def _read_issues_to_recheck(order: Order) -> list[OrderIssue]:
    """Return the order's issues about second payments and reviews.

    A refund of a second payment closes its issue. The end of a review closes its issue, too.
    """
    return list(order.issues.filter(reason__in=(Reason.UNKNOWN_MONEY, Reason.REVIEW)))


def _list_refunds(
    session: Session, rows: list[Refund], mention: Mention
) -> list[StripeRefund] | None:
    """Return Stripe's list of refunds of the session's payment.

    Stripe refuses to list refunds if the secret key is of another account. In that case, None is
    returned if all refunds are recorded. If some refunds may not be recorded yet,
    ``PaymentRefused`` is raised.
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
    """Return a pair: the recorded statuses of the order's disputes, and Stripe's list of disputes.

    The statuses are a dict with the ids at Stripe as keys. The list is None if nothing shows that
    the order has disputes.
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
    """Return reviews from Stripe: each review with an open issue, and the review in ``mention``.

    If ``mention`` is ``EVERYTHING``, the review of the session's payment is returned, too.
    """
    ids = {issue.about for issue in issues if issue.reason == Reason.REVIEW and issue.is_open}
    if mention.type == "review":
        ids.add(mention.id)
    if mention == EVERYTHING and session.review_id:
        ids.add(session.review_id)
    return [gateway.retrieve_review(one) for one in sorted(ids)]


def _retrieve_warnings(session: Session, mention: Mention) -> list[FraudWarning]:
    """Return a list with the early fraud warning in ``mention``, from Stripe.

    If ``mention`` is another object, the list is empty. If ``mention`` is ``EVERYTHING``, the list
    contains all early fraud warnings about the session's payment.
    """
    if mention == EVERYTHING and session.payment_intent_id:
        return gateway.list_fraud_warnings(session.payment_intent_id)
    if mention.type != "radar.early_fraud_warning":
        return []
    return [gateway.retrieve_fraud_warning(mention.id)]


def _retrieve_other_sessions(issues: list[OrderIssue], mention: Mention) -> list[Session]:
    """Return the sessions of second payments from Stripe, to see whether they are refunded.

    A session is requested if its payment has an open issue. If ``mention`` is about refunds, a
    session whose issue was closed by a refund is requested, too, because that refund may have
    failed.
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
