"""Save the parameters of an order's Checkout Session, create the session once, and expire it.

The URL of a session is returned only after the session's id is committed on a pending order. Before
that, the session can't be paid, because no shopper has its URL.
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
    """Return whether the order is free, so that no payment at Stripe is needed.

    An order with a total of 0 is not free if the parameters of ``STRIPE_CART_SESSION_OPTIONS`` can
    add a price, for example for shipping. Raises ``PaymentNotConfigured`` if this setting can't be
    used.
    """
    if order.total > 0 or order.session_params is not None:
        return False
    return PAYABLE_OPTIONS.isdisjoint(_session_options(order))


def save_session_params(order: Order, *, success_url: str, cancel_url: str) -> Order:
    """Save the parameters of the order's session, and return the order.

    The parameters are saved before the first request to Stripe. Saved parameters are kept, because
    all requests with the same idempotency key must have the same parameters
    (docs.stripe.com/api/idempotent_requests). ``success_url`` and ``cancel_url`` are absolute URLs.
    Raises ``OrderClosed`` if the order is no longer pending. Raises ``PaymentNotConfigured`` if
    ``STRIPE_CART_SESSION_OPTIONS`` can't be used.
    """
    expires_at = timezone.now() + timedelta(minutes=conf.session_minutes)
    params = order.session_params or _build_params(
        order, success_url=success_url, cancel_url=cancel_url, expires_at=expires_at
    )
    return _commit_params(order, params, expires_at=expires_at)


def create_session_once(order: Order, *, by: Cause) -> Order:
    """Create the session of ``order`` at Stripe, save the session's id, and return the order.

    If the response to an earlier request was lost, Stripe returns the same session again. The order
    does not change if it already has a session, or if it has no saved session parameters. Raises
    ``PaymentError``.
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

    If another request has already saved parameters, the earlier parameters are kept. Raises
    ``OrderClosed`` if the order is no longer pending, or if its cancellation was requested.
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
    """Save ``values`` if the order is pending and its columns have the ``unchanged`` values.

    Return whether ``values`` were saved. The UPDATE also locks the order. A transaction that locks
    an order and its cart must lock the cart first. This transaction does not lock the cart at all.
    """
    where = {"pk": order.pk, "status": Order.Status.PENDING, **unchanged}
    return increment(Order, "version", where, **values)


def _idempotency_key(order: Order) -> str:
    """Return the idempotency key of the request that creates the order's session."""
    return f"stripe-cart-session-{order.reference}"


def _build_params(
    order: Order, *, success_url: str, cancel_url: str, expires_at: datetime
) -> dict[str, Any]:
    """Return the parameters of the order's session, with those of ``STRIPE_CART_SESSION_OPTIONS``.

    Stripe describes the parameters at docs.stripe.com/api/checkout/sessions/create.
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
    """Return the session parameters that ``STRIPE_CART_SESSION_OPTIONS`` adds for ``order``.

    Raises ``PaymentNotConfigured`` if the setting can't be used, because a session without these
    parameters might lack a tax.
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
    """Return the session parameters ``params``, with the additional parameters of ``options``.

    If a name is in both, the value in ``params`` is used. In ``metadata`` and
    ``payment_intent_data``, this rule applies to each name inside.
    """
    merged = {**options, **params}
    if "customer" in options:  # Stripe refuses customer and customer_email together
        merged.pop("customer_email", None)
    for name in ("metadata", "payment_intent_data"):
        if isinstance(options.get(name), dict):
            merged[name] = _merge_options(params[name], options[name])
    return merged
