"""Process each of Stripe's events once.

An event is saved before it is processed. If it was processed before, it is skipped. If it was only
saved before, it is processed again. An event that can't be processed is tried again later, with
growing delays, until it is processed or staff acknowledge it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.database import increment
from django_stripe_cart.deadlines import deadline
from django_stripe_cart.exceptions import PaymentMissing, StripeCartError
from django_stripe_cart.gateway.events import Event, read_event, retrieve_event
from django_stripe_cart.gateway.sessions import Session, read_session, retrieve_payment_metadata
from django_stripe_cart.models import Order, OrderEvent, WebhookEvent
from django_stripe_cart.payments import sync_order
from django_stripe_cart.payments.metadata import ORDER_KEY, SHOP_KEY, is_this_shop, shop_id
from django_stripe_cart.payments.snapshot import Mention
from django_stripe_cart.timeline import Cause

logger = logging.getLogger("stripe_cart")

# The delay before an event is tried again doubles with each attempt, up to a day.
FIRST_DELAY = timedelta(minutes=1)
MAX_DELAY = timedelta(days=1)

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


@dataclass(frozen=True, slots=True)
class OrderReference:
    """Reference of an order and id of its shop, from the metadata of an object at Stripe."""

    order: UUID
    shop: str | None


class UnknownOrder(StripeCartError):
    """Exception raised when an event names an order of this shop that does not exist.

    If it was lost, for example because a backup was restored, staff can acknowledge the event.
    """


class UnknownEvent(StripeCartError):
    """Exception raised when Stripe does not find an event that is to be processed again.

    The event is over 30 days old, or it belongs to another account than the secret key.
    """


@deadline()
def receive_webhook(body: bytes, signature: str) -> None:
    """Verify a webhook request, and process its event.

    ``body`` (bytes) is the raw body of the request. ``signature`` (str) is the ``Stripe-Signature``
    header of the request. Raises ``InvalidWebhook`` if the body is not signed by Stripe. The
    response is 400 then, and nothing is saved. Any other exception is saved on the event's row and
    raised. The response is 500 then, and Stripe sends the webhook again (docs.stripe.com/webhooks).
    """
    process_event(read_event(body, signature), source=OrderEvent.Source.WEBHOOK)


def process_event(event: Event, *, source: str, actor: str = "") -> bool:
    """Sync the order that ``event`` is about, and return whether the event was processed.

    An event is ignored if it was processed or acknowledged before, or if it is not about an order
    of this shop. ``source`` and ``actor`` are the values of the ``Cause`` for the timeline. Sends
    the signals of ``sync_order``. Any exception is saved on the event's row and raised.
    """
    if not _is_for_this_site(event):
        return False
    try:
        named = _read_reference(event.metadata) or _find_reference_by_payment(event)
    except Exception as error:  # whether the event is about an order of this shop is unknown
        row = _get_or_create_row(event, source)
        if row.is_over:
            return False
        _mark_failed(row, error)
        raise
    if named is None or _is_of_another_shop(named):
        return False
    row = _get_or_create_row(event, source)
    if row.is_over or (source == OrderEvent.Source.SYNC and row.is_waiting_for_retry):
        return False
    try:
        order = _sync_order(event, named, by=Cause(source, actor, event.id))
    except Exception as error:
        _mark_failed(row, error)
        raise
    _add_attempt(row, processed_at=timezone.now(), order=order, error="")
    return True


def retrieve_again(row: WebhookEvent) -> Event:
    """Request the event of ``row`` from Stripe, and return it. Any exception is saved on the row.

    Raises ``UnknownEvent`` if Stripe does not find the event. Raises another ``StripeCartError`` if
    the request fails.
    """
    try:
        return retrieve_event(row.event_id)
    except PaymentMissing as error:
        gone = UnknownEvent("Stripe does not list this event any more. Sync its order.")
        _mark_failed(row, gone)
        raise gone from error
    except Exception as error:
        _mark_failed(row, error)
        raise


def _is_for_this_site(event: Event) -> bool:
    """Return whether this site processes events like ``event``.

    The event must have a known type, the secret key's mode (test or live), and no connected
    account.
    """
    return event.type in EVENT_TYPES and not event.account and event.livemode == conf.livemode


def _read_reference(metadata: Mapping[str, str]) -> OrderReference | None:
    """Return the order reference in the metadata of an object at Stripe, or None."""
    try:
        return OrderReference(UUID(metadata.get(ORDER_KEY, "")), metadata.get(SHOP_KEY))
    except (ValueError, AttributeError, TypeError):
        return None


def _find_reference_by_payment(event: Event) -> OrderReference | None:
    """Return the reference of the order that the event's payment intent belongs to, or None.

    The metadata of a dispute does not contain the reference. The metadata of a refund does not
    contain it either if the refund was made in Stripe's Dashboard.
    """
    intent = event.data.get("payment_intent")
    if not isinstance(intent, str) or not intent or "\x00" in intent:
        return None
    orders = Order.objects.filter(payment_intent_id=intent)
    reference = orders.values_list("reference", flat=True).first()
    if reference is not None:
        return OrderReference(reference, shop_id())
    if event.type.startswith(PAYMENT_EVENTS) or _is_failed_refund(event):
        # The payment may not be recorded yet, or it is a second one. A refund that is made needs no
        # request, because the metadata of charge.refunded names the order.
        return _read_reference(retrieve_payment_metadata(intent))
    return None


def _is_of_another_shop(named: OrderReference) -> bool:
    """Return whether the order belongs to another shop that uses the same Stripe account."""
    if is_this_shop(named.shop):
        return False
    return not Order.objects.filter(reference=named.order).exists()


def _is_failed_refund(event: Event) -> bool:
    """Return whether the event is about a refund that has failed or was canceled."""
    kind, status = event.data.get("object"), event.data.get("status")
    return kind == "refund" and status in ("failed", "canceled")


def _get_or_create_row(event: Event, source: str) -> WebhookEvent:
    """Return the row of ``event``. If the event is new, create the row.

    A duplicate event takes one query.
    """
    delivered_at = timezone.now() if source == OrderEvent.Source.WEBHOOK else None
    row, is_new = WebhookEvent.objects.defer("order", "error").get_or_create(
        event_id=event.id,
        defaults={
            "type": event.type,
            "object_id": event.object_id[:255],
            "livemode": event.livemode,
            "delivered_at": delivered_at,
        },
    )
    if not is_new and delivered_at is not None and row.delivered_at is None:
        WebhookEvent.objects.filter(pk=row.pk).update(delivered_at=delivered_at)
    return row


def _sync_order(event: Event, named: OrderReference, *, by: Cause) -> Order:
    """Sync the order with the reference ``named``, and return the order.

    Raises ``UnknownOrder`` if the order does not exist.
    """
    # Only the columns needed to find the session; sync_order reads the rest under the lock.
    orders = Order.objects.only("status", "cart", "session_id", "total")
    order = orders.filter(reference=named.order).first()
    if order is None:
        raise UnknownOrder(f"The order {named.order} of this shop does not exist here.")
    kind, status = (str(event.data.get(name) or "") for name in ("object", "status"))
    mention = Mention(kind, event.object_id, status)
    session = _trusted_session(event, order)
    return sync_order(order, session=session, mention=mention, by=by)


def _trusted_session(event: Event, order: Order) -> Session | None:
    """Return the Checkout Session in ``event`` if the session is paid or expired, or None.

    A paid or expired session does not change any more, so it need not be requested from Stripe. Any
    other session may have changed since the event was created (docs.stripe.com/webhooks: event
    ordering).
    """
    if not event.type.startswith("checkout.session."):
        return None
    session = read_session(event.data)
    has_expired = session.is_expired and session.id == order.session_id
    return session if session.is_paid or has_expired else None


def _mark_failed(row: WebhookEvent, error: Exception) -> None:
    """Log ``error``, and save it on the event's row with the time of the next attempt."""
    # The message of a receiver's exception may contain personal data, so only its class is saved.
    description = repr(error) if isinstance(error, StripeCartError) else type(error).__name__
    logger.warning("Webhook %s for %s failed: %s", row.event_id, row.object_id, description)
    delay = min(FIRST_DELAY * 2 ** min(row.attempts, 20), MAX_DELAY)
    _add_attempt(row, error=description[:500], retry_at=timezone.now() + delay)


def _add_attempt(row: WebhookEvent, **changes: Any) -> None:
    """Add 1 to the attempts of the event's row, and save ``changes`` in the same UPDATE."""
    increment(WebhookEvent, "attempts", {"pk": row.pk}, **changes)
