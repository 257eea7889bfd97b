"""Stripe's doorbell: remembered before it is worked on, skipped only if it was finished before."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from django_stripe_cart.conf import conf
from django_stripe_cart.database import count_up
from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.gateway import (
    Event,
    Session,
    read_event,
    read_session,
    retrieve_payment_metadata,
)
from django_stripe_cart.models import Order, OrderEvent, WebhookEvent
from django_stripe_cart.payments import sync_order
from django_stripe_cart.payments.metadata import ORDER_KEY, SHOP_KEY, shop_id
from django_stripe_cart.timeline import Cause

logger = logging.getLogger("stripe_cart")

SESSION_EVENTS = "checkout.session."
DISPUTE_EVENTS = "charge.dispute."

# What rings about an order of ours; everything else is answered 200 and left alone.
TYPES = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "payment_intent.payment_failed",
        "charge.refunded",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)


class UnknownOrder(StripeCartError):
    """An event names an order of ours that can't be found: Stripe shall ring again."""


def receive(body: bytes, signature: str) -> None:
    """Take one delivery of a webhook, and finish what it is about.

    Raises ``InvalidWebhook`` (answered 400, nothing kept) if Stripe did not sign it. Any other
    failure is kept on the event's row and raised again, so that Stripe is answered 500 and rings
    once more.
    """
    take(read_event(body, signature), source=OrderEvent.Source.WEBHOOK)


def take(event: Event, *, source: str) -> bool:
    """Finish what ``event`` is about, and return whether there was anything to do.

    Any failure is kept on the event's row and raised again.
    """
    reference = _find_reference(event) if _is_for_us(event) else None
    if reference is None:
        return False
    row = _remember(event)
    if row.processed_at is not None:
        return False
    try:
        order = _work(event, reference, by=Cause(source, stripe_event_id=event.id))
    except Exception as error:
        _fail(row, error)
        raise
    _finish(row, order)
    return True


def _is_for_us(event: Event) -> bool:
    """Events of connected accounts and of the other mode are not ours."""
    return event.type in TYPES and not event.account and event.livemode == conf.livemode


def _find_reference(event: Event) -> UUID | None:
    """UUID, the order that the event is about; None if no shop like this one made it."""
    return _read_reference(event.metadata) or _find_by_payment(event)


def _read_reference(metadata: Mapping[str, str]) -> UUID | None:
    try:
        return UUID(metadata.get(ORDER_KEY, ""))
    except (ValueError, AttributeError, TypeError):
        return None


def _find_by_payment(event: Event) -> UUID | None:
    """Refunds made in the Dashboard, and disputes, carry no metadata of ours."""
    intent = event.data.get("payment_intent")
    if not isinstance(intent, str) or not intent or "\x00" in intent:
        return None
    orders = Order.objects.filter(payment_intent_id=intent)
    reference = orders.values_list("reference", flat=True).first()
    if reference is None and event.type.startswith(DISPUTE_EVENTS):
        # It may have come before the payment; of a refund, charge.refunded names the order too.
        reference = _read_reference(retrieve_payment_metadata(intent))
    return reference


def _remember(event: Event) -> WebhookEvent:
    # Read first: of what is delivered twice, the second time is nothing but this.
    return WebhookEvent.objects.only("event_id", "object_id", "processed_at").get_or_create(
        event_id=event.id,
        defaults={
            "type": event.type,
            "object_id": event.object_id[:255],
            "livemode": event.livemode,
        },
    )[0]


def _work(event: Event, reference: UUID, *, by: Cause) -> Order | None:
    order = _find_order(reference)
    if order is None:
        if event.metadata.get(SHOP_KEY) != shop_id():
            return None  # another shop's, on the same Stripe account
        raise UnknownOrder(f"Event {event.id} names an order of ours that is not here.")
    return sync_order(order, seen=_believable(event, order), by=by)


def _find_order(reference: UUID) -> Order | None:
    try:
        # What tells where to look. It is read as a whole under its lock.
        return Order.objects.only("status", "cart", "session_id", "total").get(reference=reference)
    except Order.DoesNotExist:
        return None


def _believable(event: Event, order: Order) -> Session | None:
    """Two things can't un-happen, and are taken from the signed snapshot without another look."""
    if not event.type.startswith(SESSION_EVENTS):
        return None
    session = read_session(event.data)
    is_over = session.is_expired and session.id == order.session_id
    return session if session.is_paid or is_over else None


def _finish(row: WebhookEvent, order: Order | None) -> None:
    known = None if order is None else order.pk
    _count_attempt(row, processed_at=timezone.now(), order=known, error="")


def _fail(row: WebhookEvent, error: Exception) -> None:
    # A receiver's own words may name a person: of them only the kind of error is kept.
    what = repr(error) if isinstance(error, StripeCartError) else type(error).__name__
    logger.warning("Webhook %s for %s failed: %s", row.event_id, row.object_id, what)
    _count_attempt(row, error=what[:500])


def _count_attempt(row: WebhookEvent, **changes: Any) -> None:
    count_up(WebhookEvent, "attempts", {"pk": row.pk}, **changes)
