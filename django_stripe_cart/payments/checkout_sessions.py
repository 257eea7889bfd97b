"""The Checkout Session of an order: save its parameters, create it once, expire it.

A payment URL leaves this module only after its session's id is committed on an order that is still
pending. A session whose id was never committed is harmless, because its URL is unknown to everyone.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.database import in_transaction, increment
from django_stripe_cart.exceptions import OrderClosed, PaymentNotConfigured, PaymentRefused
from django_stripe_cart.gateway import Session
from django_stripe_cart.line_items import MAX_NAME_LENGTH
from django_stripe_cart.models import Order
from django_stripe_cart.payments.metadata import order_metadata
from django_stripe_cart.timeline import Cause, note

logger = logging.getLogger("stripe_cart")

# Options with which a session can cost something although its line items are free.
PAYABLE_OPTIONS = frozenset({"shipping_options", "optional_items"})

UNUSABLE_OPTIONS = "STRIPE_CART_SESSION_OPTIONS does not name a function that returns a dict."


def is_free(order: Order) -> bool:
    """Return whether there is nothing to pay for the order, so that Stripe need not be asked.

    Even free goods may have to be paid for if the host's session options add shipping. Raises
    ``PaymentNotConfigured`` if ``STRIPE_CART_SESSION_OPTIONS`` can't be used.
    """
    if order.total > 0 or order.session_params is not None:
        return False
    return PAYABLE_OPTIONS.isdisjoint(_session_options(order))


def save_session_params(order: Order, *, success_url: str, cancel_url: str) -> Order:
    """Commit the parameters of the order's session, unless it has some already.

    Stripe refuses a repeated idempotency key with other parameters
    (docs.stripe.com/api/idempotent_requests), so they are stored before the first request. Both
    URLs are absolute. Raises ``OrderClosed`` if the order is no longer pending, and
    ``PaymentNotConfigured`` if ``STRIPE_CART_SESSION_OPTIONS`` can't be used.
    """
    expires_at = timezone.now() + timedelta(minutes=conf.session_minutes)
    params = order.session_params or _build_params(
        order, success_url=success_url, cancel_url=cancel_url, expires_at=expires_at
    )
    return _commit_params(order, params, expires_at=expires_at)


def create_session_once(order: Order, *, by: Cause) -> Order:
    """Create the order's session at Stripe and commit its id. Running it again changes nothing.

    If an earlier answer was lost, the same key and parameters return the same session. An order
    that has a session, or no saved parameters, is returned as it is. Raises ``PaymentError``.
    """
    if order.session_id is not None or order.session_params is None:
        return order
    session = gateway.create_session(order.session_params, idempotency_key=_idempotency_key(order))
    return _commit_session(order, session, by=by)


def expire_or_retrieve_session(order: Order) -> Session:
    """Expire the order's session at Stripe, and return it as it is then.

    Only an open session can be expired (docs.stripe.com/api/checkout/sessions/expire); one that was
    paid or expired before is retrieved. Raises ``PaymentError`` if its state can't be known.
    """
    session_id = order.session_id or ""
    try:
        return gateway.expire_session(session_id)
    except PaymentRefused:
        return gateway.retrieve_session(session_id)


@in_transaction
def _commit_params(order: Order, params: dict[str, Any], *, expires_at: datetime) -> Order:
    """Compare and set: of two concurrent requests, the parameters of the first are kept."""
    saved = {
        "session_params": params,
        "session_expires_at": expires_at,
        "livemode": conf.livemode,
    }
    if _update_if_pending(order, saved, cancel_requested_at=None, session_params=None):
        vars(order).update(saved)
        return order
    order = Order.objects.get(pk=order.pk)
    if not order.is_pending or order.cancel_requested_at is not None:
        raise OrderClosed
    return order


@in_transaction
def _commit_session(order: Order, session: Session, *, by: Cause) -> Order:
    """Compare and set: the session is not stored on an order that was closed in between."""
    created: dict[str, Any] = {"session_id": session.id, "session_url": session.url}
    if session.expires_at is not None:
        created["session_expires_at"] = session.expires_at
    if _update_if_pending(order, created, session_id=None, cancel_requested_at=None):
        note(order, kind="session", by=by)
        vars(order).update(created)
        return order
    if _update_if_pending(order, created, session_id=None):
        note(order, kind="session", by=by)
    return Order.objects.get(pk=order.pk)


def _update_if_pending(order: Order, values: dict[str, Any], **unchanged: Any) -> bool:
    """Write ``values`` if the order is pending and the ``unchanged`` columns have those values.

    The one UPDATE is the lock as well. The cart need not be locked first, because nothing here
    locks it afterwards.
    """
    where = {"pk": order.pk, "status": Order.Status.PENDING, **unchanged}
    return increment(Order, "version", where, **values)


def _idempotency_key(order: Order) -> str:
    return f"stripe-cart-session-{order.reference}"


def _build_params(
    order: Order, *, success_url: str, cancel_url: str, expires_at: datetime
) -> dict[str, Any]:
    """Return the parameters of docs.stripe.com/api/checkout/sessions/create."""
    reference = str(order.reference)
    metadata = order_metadata(order)
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": item.quantity,
                "price_data": {
                    "currency": order.currency,
                    "unit_amount": item.unit_amount,
                    "product_data": {"name": item.name[:MAX_NAME_LENGTH]},
                },
            }
            for item in order.cached_items
        ],
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(expires_at.timestamp()),
        "client_reference_id": reference,
        "metadata": metadata,
        # Charges, refunds and disputes carry only the payment intent's metadata.
        "payment_intent_data": {"metadata": metadata},
    }
    if order.email:
        params["customer_email"] = order.email
    return _merge_options(params, _session_options(order))


def _session_options(order: Order) -> dict[str, Any]:
    """Return the host's options, or refuse to sell: without them a tax might be missing."""
    try:
        options = conf.session_options
        added: Any = options(order) if callable(options) else options
    except ImportError as error:
        logger.error(UNUSABLE_OPTIONS)
        raise PaymentNotConfigured from error
    if added is None:
        return {}
    if not isinstance(added, dict):
        logger.error(UNUSABLE_OPTIONS)
        raise PaymentNotConfigured
    if _uses_manual_capture(added):
        logger.error(
            'STRIPE_CART_SESSION_OPTIONS asks for capture_method="manual". Nothing here captures'
            " later, so the order would never be paid."
        )
        raise PaymentNotConfigured
    return added


def _uses_manual_capture(options: dict[str, Any]) -> bool:
    """Whether a payment would only be authorized, for the session or for one payment method."""
    intent = options.get("payment_intent_data")
    methods = options.get("payment_method_options")
    parts = [intent, *(methods.values() if isinstance(methods, dict) else ())]
    return any(isinstance(part, dict) and part.get("capture_method") == "manual" for part in parts)


def _merge_options(params: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Add the host's options; they can't override what the order determines."""
    merged = {**options, **params}
    if "customer" in options:  # Stripe refuses customer and customer_email together
        merged.pop("customer_email", None)
    for name in ("metadata", "payment_intent_data"):
        if isinstance(options.get(name), dict):
            merged[name] = _merge_options(params[name], options[name])
    return merged
