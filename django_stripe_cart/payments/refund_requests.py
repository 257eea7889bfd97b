"""Send refunds to Stripe when staff ask for them.

The amount of a refund is reserved in a database row before the request is sent.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from django_stripe_cart import gateway
from django_stripe_cart.database import in_transaction
from django_stripe_cart.exceptions import PaymentMissing, PaymentRefused, RefundNotPossible
from django_stripe_cart.gateway import StripeRefund
from django_stripe_cart.models import Refund
from django_stripe_cart.payments.metadata import REFUND_KEY, order_metadata
from django_stripe_cart.timeline import Cause, lock_order, note

# Stripe keeps an idempotency key for at least 24 hours (docs.stripe.com/api/idempotent_requests).
# After that, the same key would refund the amount a second time.
KEY_LIFETIME = timedelta(hours=23)


def send_refund(refund: Refund, *, by: Cause) -> None:
    """Create a refund at Stripe for the row ``refund``.

    The idempotency key of the request contains the ``key`` of the row. If Stripe refuses the
    refund, the row becomes FAILED and ``PaymentRefused`` is raised. After any other
    ``PaymentError``, the refund may have been made, so its amount stays reserved.
    """
    try:
        gateway.create_refund(
            refund.order.payment_intent_id or "",
            amount=refund.amount,
            metadata=order_metadata(refund.order) | {REFUND_KEY: str(refund.key)},
            idempotency_key=f"stripe-cart-refund-{refund.key}",
        )
    except PaymentRefused as error:
        # The SDK retries by itself: the refusal may follow an attempt that made the refund.
        if not _is_listed(refund):
            _mark_refused(refund, by=by, message=error.stripe_code)
            raise


def send_refund_again(refund: Refund, *, by: Cause) -> None:
    """Resend a refund whose outcome is unknown, with the same idempotency key.

    Nothing is sent if Stripe already lists the refund. Raises ``RefundNotPossible`` if Stripe may
    have forgotten the idempotency key. Raises ``RefundNotPossible``, too, if another refund was
    made at Stripe since the first request, because the other refund may replace this one.
    """
    listed = _list_refunds(refund)
    if any(_was_made_for(refund, one) for one in listed):
        return
    if timezone.now() > refund.created + KEY_LIFETIME:
        raise RefundNotPossible(_("This refund is too old to be sent again. Start a new one."))
    if any(_was_made_elsewhere_since(refund, one) for one in listed):
        raise RefundNotPossible(
            _("Another refund has been made at Stripe in the meantime, so nothing was sent.")
        )
    if _mark_resent(refund):
        send_refund(refund, by=by)


def _list_refunds(refund: Refund) -> list[StripeRefund]:
    """Return all refunds that Stripe lists for the payment of the refund's order."""
    return gateway.list_refunds(refund.order.payment_intent_id or "")


def _is_listed(refund: Refund) -> bool:
    """Return whether Stripe lists the refund.

    Return False if Stripe does not find the payment, because the secret key is of another account.
    """
    try:
        return any(_was_made_for(refund, one) for one in _list_refunds(refund))
    except PaymentMissing:
        return False


def _was_made_for(refund: Refund, listed: StripeRefund) -> bool:
    """Return whether ``listed``, a refund at Stripe, has the key of the row ``refund``."""
    return listed.metadata.get(REFUND_KEY) == str(refund.key)


def _was_made_elsewhere_since(refund: Refund, listed: StripeRefund) -> bool:
    """Return whether ``listed``, a refund at Stripe, was made outside this shop after ``refund``.

    A refund that was made outside this shop has no refund key in its metadata. If ``listed`` has a
    row that is older than the row ``refund``, ``listed`` was made before ``refund``.
    """
    earlier = Refund.objects.filter(order=refund.order_id, pk__lt=refund.pk, stripe_id=listed.id)
    return REFUND_KEY not in listed.metadata and not earlier.exists()


@in_transaction
def _mark_resent(refund: Refund) -> bool:
    """Save that the refund is sent again, and return True.

    If the outcome of the refund is known by now, save nothing and return False.
    """
    lock_order(refund.order)
    unknown = Refund.objects.unknown().filter(pk=refund.pk, stripe_id=None)
    return bool(unknown.update(resent_at=timezone.now(), missing_since=None))


@in_transaction
def _mark_refused(refund: Refund, *, by: Cause, message: str) -> None:
    """Mark the refund as FAILED, because Stripe refused it.

    If the outcome of the refund is known by now, nothing is changed.
    """
    order = lock_order(refund.order)
    row = Refund.objects.get(pk=refund.pk)
    if row.stripe_id is None and row.status == Refund.Status.UNKNOWN:
        row.status = Refund.Status.FAILED
        row.save()
        note(order, kind="refund_refused", by=by, message=message)
