"""From a cart to a payable address: place the order, open its session; or cancel it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from django_stripe_cart.cart.contents import read_cart
from django_stripe_cart.checkout.placement import create_order, is_unchanged, lock_contents
from django_stripe_cart.database import in_transaction
from django_stripe_cart.exceptions import (
    EmptyCart,
    OrderClosed,
    OrderOpen,
    PaymentError,
    PaymentMissing,
    PaymentPermanentlyFailed,
    PaymentRefused,
)
from django_stripe_cart.gateway import deadline
from django_stripe_cart.models import Cart, CartItem, Order
from django_stripe_cart.payments import sync_order
from django_stripe_cart.payments.checkout_sessions import create_session_once, save_session_params
from django_stripe_cart.payments.record import close_without_session
from django_stripe_cart.timeline import BY_SYSTEM, Cause, lock_order, note

logger = logging.getLogger("stripe_cart")

# Another window may place, pay or cancel between two of our steps; then we look again.
ROUNDS = 5

# A session that ends sooner than this is not handed out again: nobody could finish paying.
TIME_TO_PAY = timedelta(minutes=2)

# Stripe refuses to create a session that ends in less than 30 minutes.
TIME_TO_CREATE = timedelta(minutes=30, seconds=30)

# Seconds between looks, while another window's request for the same session is on its way.
PAUSES = (0, 0.1, 0.2, 0.4, 0.8, 1.6)


@dataclass(frozen=True)
class ReturnUrls:
    """Where Stripe sends the shopper: ``success`` for a given order, ``cancel`` for any."""

    success: Callable[[Order], str]
    cancel: str


@deadline()
def begin_checkout(
    cart: Cart | None,
    *,
    fingerprint: str,
    return_urls: ReturnUrls,
    email: str = "",
    by: Cause = BY_SYSTEM,
) -> Order:
    """Return the one order that pays for the cart: payable at ``session_url``, or paid already.

    ``fingerprint`` is that of the ``Contents`` which the shopper saw. An open order of this cart is
    taken up again if it is unchanged, and is otherwise closed at Stripe first. Raises ``CartError``
    (nothing was placed, taken or charged), ``OrderOpen`` (the old order can't be closed yet) or
    ``PaymentError`` (it may be tried again).
    """
    if cart is None:
        raise EmptyCart
    for _round in range(ROUNDS):
        try:
            # Mostly nothing is open, so that is tried first: one look at the cart less.
            order = _place(cart, fingerprint=fingerprint, email=email, by=by)
            if order is None:
                order = _settle_open_order(cart, fingerprint, by=by)
            if order is None:
                continue
            if not order.is_pending:
                return order
            return start_payment(order, return_urls=return_urls, by=by)
        except (OrderOpen, OrderClosed):
            continue
    raise OrderOpen


@in_transaction
def place_order(
    cart: Cart, *, fingerprint: str | None = None, email: str = "", by: Cause = BY_SYSTEM
) -> Order:
    """Turn ``cart`` into a PENDING order and take its stock. Sends ``order_placed``.

    An open order of the same lines is returned as it is. Raises ``CartError`` (nothing was placed
    or taken) or ``OrderOpen`` if an order of other lines is still open.
    """
    contents = lock_contents(cart, fingerprint)
    open_order = Order.objects.filter(open_cart=cart).first()
    if open_order is None:
        order = create_order(cart, contents, email=email, by=by)
        vars(order).pop("lines", None)  # the host may change them before it starts the payment
        return order
    if is_unchanged(open_order, contents):
        return open_order
    raise OrderOpen


@deadline()
def start_payment(order: Order, *, return_urls: ReturnUrls, by: Cause = BY_SYSTEM) -> Order:
    """Return ``order`` with its payable address, or paid if there is nothing to pay.

    Raises ``OrderClosed``, ``PaymentRefused`` (the order is closed then, its stock given back) or
    another ``PaymentError`` (try again: the same session comes of it).
    """
    if order.total == 0:
        return sync_order(order, by=by)
    success = return_urls.success(order)
    try:
        order = save_session_params(order, success_url=success, cancel_url=return_urls.cancel)
        order = create_session_once(order, by=by)
    except (PaymentRefused, PaymentPermanentlyFailed) as error:
        why = " ".join(filter(None, (error.code, error.param))) or error.slug
        logger.warning("Order %s was refused: %s", order.reference, why)
        order = close_without_session(order, by=by, message=error.code)
        if order.is_pending:  # another window learned of it before we were refused
            return order
        raise
    except PaymentError as error:
        order = _wait_for_other_window(order, error)
    return order if order.is_payable else sync_order(order, by=by)


@deadline()
def resume_payment(order: Order, *, return_urls: ReturnUrls, by: Cause = BY_SYSTEM) -> Order:
    """Return a pending ``order`` with its payable address, or as it is settled by now.

    An order whose checkout never reached Stripe gets its session now; one with too little time left
    is closed. Raises ``OrderClosed`` or ``PaymentError``.
    """
    order = _look(order, by=by)
    if not order.is_pending:
        return order
    if order.cancel_requested_at is None and not _has_time_left(order):
        return cancel_order(order, by=by)
    return start_payment(order, return_urls=return_urls, by=by)


@deadline()
def cancel_order(order: Order, *, by: Cause = BY_SYSTEM) -> Order:
    """Expire the order's session at Stripe, and cancel the order if that succeeds.

    Returns the order as it is then: CANCELED, or PAID if the money was faster. An order that is not
    pending is left alone. Sends ``order_canceled``. Raises ``PaymentError`` while Stripe's word is
    missing; the request stands, and any later sync carries it out.
    """
    order = _request_cancel(order, by=by)
    return sync_order(order, by=by) if order.is_pending else order


@in_transaction
def _request_cancel(order: Order, *, by: Cause) -> Order:
    order = lock_order(order)
    if order.is_pending and order.cancel_requested_at is None:
        order.cancel_requested_at = timezone.now()
        order.save()
        note(order, kind="cancel_requested", by=by)
    return order


@in_transaction
def _place(cart: Cart, *, fingerprint: str, email: str, by: Cause) -> Order | None:
    """Place an order, or return None if one is open."""
    contents = lock_contents(cart, fingerprint)
    if Order.objects.filter(open_cart=cart).exists():
        return None
    return create_order(cart, contents, email=email, by=by)


def _settle_open_order(cart: Cart, fingerprint: str, *, by: Cause) -> Order | None:
    """Return the order to go on with, or None if the way is free for a new one."""
    order = Order.objects.filter(open_cart=cart).first()
    if order is None:
        return None
    contents = read_cart(CartItem.objects.filter(cart=cart))
    if is_unchanged(order, contents) and _has_time_left(order):
        contents.check(fingerprint)  # another window may just have brought this order's lines back
        order = _look(order, by=by)
    else:
        order = cancel_order(order, by=by)
        if order.is_pending:
            raise OrderOpen
    return None if order.status in (Order.Status.EXPIRED, Order.Status.CANCELED) else order


def _wait_for_other_window(order: Order, error: PaymentError) -> Order:
    """Return the order once the window that is asking for its session right now has got it."""
    pauses = PAUSES if error.code == "idempotency_key_in_use" else PAUSES[:1]
    for pause in pauses:
        time.sleep(pause)
        order = Order.objects.get(pk=order.pk)
        if order.is_payable or not order.is_pending:
            return order
    raise error


def _look(order: Order, *, by: Cause) -> Order:
    """An order that is paid already must not be paid again; but Stripe may be out of reach."""
    if order.session_id is None:
        return order
    try:
        return sync_order(order, by=by)
    except PaymentMissing:  # an address of another account: nobody is sent there again
        raise
    except PaymentError:
        return order


def _has_time_left(order: Order) -> bool:
    if order.cancel_requested_at is not None or not order.matches_livemode:
        return False
    # A session that Stripe has perhaps never heard of may have to be created yet.
    needed = TIME_TO_CREATE if order.session_id is None else TIME_TO_PAY
    ends = order.session_expires_at
    return ends is None or ends > timezone.now() + needed
