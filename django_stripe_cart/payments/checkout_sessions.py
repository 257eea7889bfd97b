"""The Stripe session of an order: intended in a row, asked for, and learned of.

A payable address leaves this module only after its session id is committed on an order that is
still pending. A session that we never learned of is harmless: nobody has its address.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from django_stripe_cart import gateway
from django_stripe_cart.conf import conf
from django_stripe_cart.database import count_up, in_transaction
from django_stripe_cart.exceptions import OrderClosed, PaymentNotConfigured, PaymentRefused
from django_stripe_cart.gateway import Session
from django_stripe_cart.models import Order
from django_stripe_cart.payments.metadata import order_metadata
from django_stripe_cart.timeline import Cause, note

logger = logging.getLogger("stripe_cart")

NAME_LENGTH = 5000  # docs.stripe.com/api/checkout/sessions/create


def intend_session(order: Order, *, success_url: str, cancel_url: str) -> Order:
    """Commit exactly what Stripe will be asked for, once: a repeated key needs repeated parameters.

    Raises ``OrderClosed`` if the order is no longer pending.
    """
    expires_at = timezone.now() + timedelta(minutes=conf.session_minutes)
    params = order.session_params or _build_params(
        order, success_url=success_url, cancel_url=cancel_url, expires_at=expires_at
    )
    return _commit_params(order, params, expires_at=expires_at)


def learn_session(order: Order, *, by: Cause) -> Order:
    """Ask Stripe for the order's session and commit its id. Running it again changes nothing.

    The same key and parameters bring back the same session, however often a time-out made us
    forget it. Raises ``PaymentError``.
    """
    if order.session_id is not None or order.session_params is None:
        return order
    session = gateway.create_session(order.session_params, idempotency_key=_key(order))
    return _commit_session(order, session, by=by)


def close_session(order: Order) -> Session:
    """Expire the order's session at Stripe and return what it is then, whatever that is.

    Raises ``PaymentError`` if that can't be known.
    """
    session_id = order.session_id or ""
    try:
        return gateway.expire_session(session_id)
    except PaymentRefused:  # no longer open: expired already, or paid in the meantime
        return gateway.retrieve_session(session_id)


@in_transaction
def _commit_params(order: Order, params: dict[str, Any], *, expires_at: datetime) -> Order:
    """Compare and set: of two windows, the parameters of the first stay."""
    intent = {
        "session_params": params,
        "session_expires_at": expires_at,
        "livemode": conf.livemode,
    }
    if _set(order, intent, cancel_requested_at=None, session_params=None):
        vars(order).update(intent)
        return order
    order = Order.objects.get(pk=order.pk)
    if not order.is_pending or order.cancel_requested_at is not None:
        raise OrderClosed
    return order


@in_transaction
def _commit_session(order: Order, session: Session, *, by: Cause) -> Order:
    """Compare and set: an order that is closed by now learns of no session."""
    learned: dict[str, Any] = {"session_id": session.id, "session_url": session.url}
    if session.expires_at is not None:
        learned["session_expires_at"] = session.expires_at
    if _set(order, learned, session_id=None, cancel_requested_at=None):
        note(order, kind="session", by=by)
        vars(order).update(learned)
        return order
    if _set(order, learned, session_id=None):
        note(order, kind="session", by=by)
    return Order.objects.get(pk=order.pk)


def _set(order: Order, values: dict[str, Any], **unless_changed: Any) -> bool:
    """Write to an order that is still pending, in one statement, which is its lock as well.

    Its cart need not be locked before: nothing here asks for the cart's lock afterwards.
    """
    same = {"pk": order.pk, "status": Order.Status.PENDING, **unless_changed}
    return count_up(Order, "version", same, **values)


def _key(order: Order) -> str:
    return f"stripe-cart-session-{order.reference}"


def _build_params(
    order: Order, *, success_url: str, cancel_url: str, expires_at: datetime
) -> dict[str, Any]:
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
                    "product_data": {"name": item.name[:NAME_LENGTH]},
                },
            }
            for item in order.lines
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
    return _merge(params, _session_options(order))


def _session_options(order: Order) -> dict[str, Any]:
    """What the host adds. Without a tax that it meant to add, nothing is sold."""
    try:
        options = conf.session_options
        added = options(order) if callable(options) else options
    except ImportError as error:
        raise _no_options() from error
    if added is None:
        return {}
    if not isinstance(added, dict):
        raise _no_options()
    if _captures_later(added):
        raise _no_capture()
    return added


def _captures_later(options: dict[str, Any]) -> bool:
    """Whether the money would only be reserved: for the whole session, or for one way of paying."""
    intent = options.get("payment_intent_data")
    methods = options.get("payment_method_options")
    kinds = [intent, *(methods.values() if isinstance(methods, dict) else ())]
    return any(isinstance(kind, dict) and kind.get("capture_method") == "manual" for kind in kinds)


def _no_capture() -> PaymentNotConfigured:
    logger.error(
        'STRIPE_CART_SESSION_OPTIONS asks for capture_method="manual". Nothing here captures later,'
        " so the order would never be paid."
    )
    return PaymentNotConfigured()


def _no_options() -> PaymentNotConfigured:
    logger.error("STRIPE_CART_SESSION_OPTIONS does not name a function that returns a dict.")
    return PaymentNotConfigured()


def _merge(params: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Add a host's options; what the order itself decides can't be overridden."""
    merged = {**options, **params}
    if "customer" in options:  # Stripe refuses the two together
        merged.pop("customer_email", None)
    for name in ("metadata", "payment_intent_data"):
        if isinstance(options.get(name), dict):
            merged[name] = _merge(params[name], options[name])
    return merged
