"""Checkout Session of an order: save its parameters, create it once, expire it.

The URL of a session is returned only after the session's id is committed on an order that is still
pending. A session whose id was never committed can't be paid, because its URL is not known.
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
    """Return whether the order is free: Stripe need not be asked for a payment.

    Even if its total is 0, the host's session options may add shipping that must be paid. Raises
    ``PaymentNotConfigured`` if ``STRIPE_CART_SESSION_OPTIONS`` can't be used.
    """
    if order.total > 0 or order.session_params is not None:
        return False
    return PAYABLE_OPTIONS.isdisjoint(_session_options(order))


def save_session_params(order: Order, *, success_url: str, cancel_url: str) -> Order:
    """Save the parameters of the order's session, and return the order.

    Parameters that are saved already are kept: all requests with the order's idempotency key must
    have the same ones (docs.stripe.com/api/idempotent_requests), so they are saved before the first
    request. Both URLs are absolute. Raises ``OrderClosed`` if the order is no longer pending, and
    ``PaymentNotConfigured`` if ``STRIPE_CART_SESSION_OPTIONS`` can't be used.
    """
    expires_at = timezone.now() + timedelta(minutes=conf.session_minutes)
    params = order.session_params or _build_params(
        order, success_url=success_url, cancel_url=cancel_url, expires_at=expires_at
    )
    return _commit_params(order, params, expires_at=expires_at)


def create_session_once(order: Order, *, by: Cause) -> Order:
    """Create the session of ``order`` at Stripe, save its id and return the order.

    If the response to an earlier request was lost, Stripe returns the same session again. An order
    that has a session, or no saved parameters, does not change. Raises ``PaymentError``.
    """
    if order.session_id is not None or order.session_params is None:
        return order
    session = gateway.create_session(order.session_params, idempotency_key=_idempotency_key(order))
    return _commit_session(order, session, by=by)


def expire_or_retrieve_session(order: Order) -> Session:
    """Expire the order's session at Stripe, and return the session.

    A session that is already paid or expired is returned unchanged
    (docs.stripe.com/api/checkout/sessions/expire). Raises ``PaymentError``.
    """
    session_id = order.session_id or ""
    try:
        return gateway.expire_session(session_id)
    except PaymentRefused:
        return gateway.retrieve_session(session_id)


@in_transaction
def _commit_params(order: Order, params: dict[str, Any], *, expires_at: datetime) -> Order:
    """Save the session parameters of a pending order, and return the order.

    If another request has saved parameters first, these are kept. Raises ``OrderClosed``.
    """
    saved = {
        "session_params": params,
        "session_expires_at": expires_at,
        "livemode": conf.livemode,
        "api_key_digest": conf.api_key_digest,
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
    """Save the session's id and URL on the order if it is still pending, and return the order."""
    created: dict[str, Any] = {
        "session_id": session.id,
        "session_url": session.url,
        # The key may have been replaced since the parameters were saved.
        "livemode": session.livemode,
        "api_key_digest": conf.api_key_digest,
    }
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
    """Write ``values`` if the order is pending and its columns have the ``unchanged`` values.

    Return whether they were written. The UPDATE also locks the order. The cart need not be locked
    before it, because the transaction does not lock the cart later.
    """
    where = {"pk": order.pk, "status": Order.Status.PENDING, **unchanged}
    return increment(Order, "version", where, **values)


def _idempotency_key(order: Order) -> str:
    """Return the idempotency key of the request that creates the order's session."""
    return f"stripe-cart-session-{order.reference}"


def _build_params(
    order: Order, *, success_url: str, cancel_url: str, expires_at: datetime
) -> dict[str, Any]:
    """Return the parameters of the order's session, including those of the host.

    They are described at docs.stripe.com/api/checkout/sessions/create.
    """
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
        "client_reference_id": str(order.reference),
        "metadata": metadata,
        # Charges, refunds and disputes carry only the payment intent's metadata.
        "payment_intent_data": {"metadata": metadata},
    }
    if order.email:
        params["customer_email"] = order.email
    return _merge_options(params, _session_options(order))


def _session_options(order: Order) -> dict[str, Any]:
    """Return the host's session parameters for ``order``.

    Raises ``PaymentNotConfigured`` if they can't be used: without them, a tax might be missing.
    """
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
    """Return whether the options let Stripe authorize a payment without capturing it."""
    intent = options.get("payment_intent_data")
    methods = options.get("payment_method_options")
    parts = [intent, *(methods.values() if isinstance(methods, dict) else ())]
    return any(isinstance(part, dict) and part.get("capture_method") == "manual" for part in parts)


def _merge_options(params: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return the order's parameters and those of the host, which can't override the order's."""
    merged = {**options, **params}
    if "customer" in options:  # Stripe refuses customer and customer_email together
        merged.pop("customer_email", None)
    for name in ("metadata", "payment_intent_data"):
        if isinstance(options.get(name), dict):
            merged[name] = _merge_options(params[name], options[name])
    return merged
