"""Send reserved refunds to Stripe, and find out about those whose answer was lost."""

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
    """Create a reserved refund at Stripe. The idempotency key is the row's, so it is made once.

    Raises ``PaymentRefused`` (the row is then FAILED) or another ``PaymentError`` (the outcome is
    unknown, and the row stays reserved).
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
        if not _is_at_stripe(refund):
            _give_up(refund, by=by, message=error.stripe_code)
            raise


def recover_refund(refund: Refund, *, by: Cause) -> None:
    """Find out what became of a refund whose answer was lost, and send it if Stripe has none.

    Raises ``PaymentError`` if that can't be known yet.
    """
    if _is_at_stripe(refund):
        return
    if refund.created + KEY_LIFETIME < timezone.now():
        _give_up(refund, by=by, message="never_arrived")
        return
    try:
        send_refund(refund, by=by)
    except PaymentRefused:
        return  # the row has failed with Stripe's reason, or the list itself was refused
    except PaymentPermanentlyFailed:
        _give_up(refund, by=by, message="stuck")


def _is_at_stripe(refund: Refund) -> bool:
    listed = gateway.list_refunds(refund.order.payment_intent_id or "")
    return any(found.metadata.get(REFUND_KEY) == str(refund.key) for found in listed)


@in_transaction
def _give_up(refund: Refund, *, by: Cause, message: str) -> None:
    order = lock_order(refund.order)
    row = Refund.objects.get(pk=refund.pk)
    if row.stripe_id is None and row.status == Refund.Status.UNKNOWN:
        row.status = Refund.Status.FAILED
        row.save()
        note(order, kind="refund_refused", by=by, message=message)
