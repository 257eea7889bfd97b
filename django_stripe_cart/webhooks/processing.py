"""Process Stripe's events, each of them once.

An event is saved before it is processed. It is skipped if it was processed before, and processed
again if it was only saved.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.database import increment
from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.gateway.events import Event, read_event
from django_stripe_cart.gateway.sessions import Session, read_session, retrieve_payment_metadata
from django_stripe_cart.models import Order, OrderEvent, WebhookEvent
from django_stripe_cart.payments import sync_order
from django_stripe_cart.payments.metadata import ORDER_KEY, SHOP_KEY, shop_id
from django_stripe_cart.payments.snapshot import Mention
from django_stripe_cart.timeline import Cause

logger = logging.getLogger("stripe_cart")

# About a payment, without the metadata of its order.
PAYMENT_EVENTS = ("charge.dispute.", "review.", "radar.")

# The types of events to process (docs.stripe.com/api/events/types). Others are ignored.
EVENT_TYPES = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "payment_intent.payment_failed",
        "charge.refunded",
        # Before API version 2024-10-28.acacia, the three below were not sent for charges.
        "charge.refund.updated",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "review.opened",
        "review.closed",
        "radar.early_fraud_warning.created",
        "radar.early_fraud_warning.updated",
    }
)


class UnknownOrder(StripeCartError):
    """Exception raised when an event names an order of this shop that does not exist.

    Stripe sends the event again later, when the order may have been saved.
    """


def receive_webhook(body: bytes, signature: str) -> None:
    """Verify a webhook request, and process its event.

    ``body`` (bytes) is the raw body of the request, ``signature`` (str) its ``Stripe-Signature``
    header. Raises ``InvalidWebhook`` if the body is not signed by Stripe: the response is 400, and
    nothing is saved. Any other exception is saved on the event's row and raised: the response is
    500, and Stripe sends the webhook again (docs.stripe.com/webhooks).
    """
    process_event(read_event(body, signature), source=OrderEvent.Source.WEBHOOK)


def process_event(event: Event, *, source: str) -> bool:
    """Sync the order that ``event`` is about, and return whether the event was processed.

    Events that were processed before, and events about something else, are ignored. ``source`` is
    one of ``OrderEvent.Source``. Sends the signals of ``sync_order``. Any exception is saved on the
    event's row and raised.
    """
    if not _is_for_this_site(event):
        return False
    reference = _read_reference(event.metadata) or _find_reference_by_payment(event)
    if reference is None:
        return False
    row = _get_or_create_row(event)
    if row.processed_at is not None:
        return False
    try:
        order = _sync_order(event, reference, by=Cause(source, stripe_event_id=event.id))
    except Exception as error:
        _mark_failed(row, error)
        raise
    _add_attempt(row, processed_at=timezone.now(), order=order, error="")
    return True


def _is_for_this_site(event: Event) -> bool:
    """Return whether the event has a known type, the secret key's mode and no connected account."""
    return event.type in EVENT_TYPES and not event.account and event.livemode == conf.livemode


def _read_reference(metadata: Mapping[str, str]) -> UUID | None:
    """Return the order reference in the metadata of an object at Stripe, or None."""
    try:
        return UUID(metadata.get(ORDER_KEY, ""))
    except (ValueError, AttributeError, TypeError):
        return None


def _find_reference_by_payment(event: Event) -> UUID | None:
    """Return the reference of the order to which the event's payment intent belongs, or None.

    Disputes, and refunds that were made in Stripe's Dashboard, have no metadata with the reference.
    """
    intent = event.data.get("payment_intent")
    if not isinstance(intent, str) or not intent or "\x00" in intent:
        return None
    orders = Order.objects.filter(payment_intent_id=intent)
    reference = orders.values_list("reference", flat=True).first()
    if reference is None and (event.type.startswith(PAYMENT_EVENTS) or _is_failed_refund(event)):
        # The payment may not be recorded yet, or it is a second one. A refund that is made needs no
        # request, because the metadata of charge.refunded names the order.
        reference = _read_reference(retrieve_payment_metadata(intent))
    return reference


def _is_failed_refund(event: Event) -> bool:
    """Return whether the event is about a refund that has failed or was canceled."""
    return event.data.get("object") == "refund" and event.data.get("status") in (
        "failed",
        "canceled",
    )


def _get_or_create_row(event: Event) -> WebhookEvent:
    """Return the row of ``event``, which is created if the event is new.

    A duplicate event takes one query.
    """
    return WebhookEvent.objects.only("event_id", "object_id", "processed_at").get_or_create(
        event_id=event.id,
        defaults={
            "type": event.type,
            "object_id": event.object_id[:255],
            "livemode": event.livemode,
        },
    )[0]


def _sync_order(event: Event, reference: UUID, *, by: Cause) -> Order | None:
    """Sync the order with this reference, and return it.

    Return None if the order is of another shop that uses the same Stripe account. Raises
    ``UnknownOrder``.
    """
    # Only the columns needed to find the session; sync_order reads the rest under the lock.
    orders = Order.objects.only("status", "cart", "session_id", "total")
    order = orders.filter(reference=reference).first()
    if order is None:
        if event.metadata.get(SHOP_KEY) != shop_id():
            return None  # an order of another shop that uses the same Stripe account
        raise UnknownOrder(f"Event {event.id} names an order of ours that is not here.")
    kind, status = (str(event.data.get(name) or "") for name in ("object", "status"))
    mention = Mention(kind, event.object_id, status)
    session = _trusted_session(event, order)
    return sync_order(order, session=session, mention=mention, by=by)


def _trusted_session(event: Event, order: Order) -> Session | None:
    """Return the Checkout Session in ``event`` if it is paid or expired, or None.

    Paid and expired sessions do not change any more, so they need not be requested from Stripe.
    Another session may have changed after the event (docs.stripe.com/webhooks: event ordering).
    """
    if not event.type.startswith("checkout.session."):
        return None
    session = read_session(event.data)
    has_expired = session.is_expired and session.id == order.session_id
    return session if session.is_paid or has_expired else None


def _mark_failed(row: WebhookEvent, error: Exception) -> None:
    """Log ``error``, and save it on the event's row."""
    # The message of a receiver's exception may contain personal data, so only its class is saved.
    description = repr(error) if isinstance(error, StripeCartError) else type(error).__name__
    logger.warning("Webhook %s for %s failed: %s", row.event_id, row.object_id, description)
    _add_attempt(row, error=description[:500])


def _add_attempt(row: WebhookEvent, **changes: Any) -> None:
    """Add 1 to the attempts of the event's row, and save ``changes`` in the same UPDATE."""
    increment(WebhookEvent, "attempts", {"pk": row.pk}, **changes)
