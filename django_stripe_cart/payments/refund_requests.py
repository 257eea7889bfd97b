"""Requests to Stripe for refunds whose rows are saved: the first one, and later ones."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.database import in_transaction
from django_stripe_cart.exceptions import PaymentPermanentlyFailed, PaymentRefused
from django_stripe_cart.models import Refund
from django_stripe_cart.payments.metadata import REFUND_KEY, order_metadata
from django_stripe_cart.timeline import Cause, lock_order, note

# Stripe keeps an idempotency key for at least 24 hours (docs.stripe.com/api/idempotent_requests).
# After that, the same key would refund the amount a second time.
KEY_LIFETIME = timedelta(hours=23)


def send_refund(refund: Refund, *, by: Cause) -> None:
    """Create at Stripe the refund of a saved row.

    The idempotency key contains the row's key, so repeated calls create one refund. Raises
    ``PaymentRefused`` after the row was marked as FAILED, or another ``PaymentError`` if the
    outcome is unknown; the row does not change then.
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
        if not _exists_at_stripe(refund):
            _mark_failed(refund, by=by, message=error.stripe_code)
            raise


def recover_refund(refund: Refund, *, by: Cause) -> None:
    """Send a refund again whose outcome is unknown, unless Stripe already has it.

    A refund that is too old to be sent again is marked as FAILED. Raises ``PaymentError`` if the
    outcome stays unknown.
    """
    if _exists_at_stripe(refund):
        return
    if refund.created + KEY_LIFETIME < timezone.now():
        _mark_failed(refund, by=by, message="never_arrived")
        return
    try:
        send_refund(refund, by=by)
    except PaymentRefused:
        return  # send_refund() marked the row as FAILED, or Stripe refused to list the refunds
    except PaymentPermanentlyFailed:
        _mark_failed(refund, by=by, message="stuck")


def _exists_at_stripe(refund: Refund) -> bool:
    """Return whether Stripe lists a refund whose metadata has the key of this row."""
    listed = gateway.list_refunds(refund.order.payment_intent_id or "")
    return any(found.metadata.get(REFUND_KEY) == str(refund.key) for found in listed)


@in_transaction
def _mark_failed(refund: Refund, *, by: Cause, message: str) -> None:
    """Mark the row as FAILED, unless another process has recorded the outcome of the refund."""
    order = lock_order(refund.order)
    row = Refund.objects.get(pk=refund.pk)
    if row.stripe_id is None and row.status == Refund.Status.UNKNOWN:
        row.status = Refund.Status.FAILED
        row.save()
        note(order, kind="refund_refused", by=by, message=message)
