"""Place an order, start or resume its payment, or cancel it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from django_stripe_cart.cart.contents import read_contents
from django_stripe_cart.checkout.placement import create_order, is_unchanged, lock_contents
from django_stripe_cart.database import in_transaction, retry
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
from django_stripe_cart.models import Cart, Order
from django_stripe_cart.models.cart import CartKey
from django_stripe_cart.payments import sync_order
from django_stripe_cart.payments.checkout_sessions import (
    create_session_once,
    is_free,
    save_session_params,
)
from django_stripe_cart.payments.record import close_without_session
from django_stripe_cart.timeline import BY_SYSTEM, Cause, lock_order, note

logger = logging.getLogger("stripe_cart")

# A session that ends sooner than this is not handed out again: there is no time left to pay.
TIME_TO_PAY = timedelta(minutes=2)

# Stripe refuses to create a session that ends in less than 30 minutes.
TIME_TO_CREATE = timedelta(minutes=30, seconds=30)

# Seconds between attempts, while a concurrent request creates the same session.
RETRY_DELAYS = (0, 0.1, 0.2, 0.4, 0.8, 1.6)


@dataclass(frozen=True)
class ReturnUrls:
    """The URLs that Stripe sends the shopper back to; ``success`` depends on the order."""

    success: Callable[[Order], str]
    cancel: str


@deadline()
def begin_checkout(
    cart: Cart | CartKey | None,
    *,
    fingerprint: str,
    return_urls: ReturnUrls,
    email: str = "",
    by: Cause = BY_SYSTEM,
) -> Order:
    """Return the one order that pays for the cart: payable at ``session_url``, or paid already.

    ``fingerprint`` (str) is that of the ``CartContents`` which the shopper saw. An open order of
    this cart is reused if it is unchanged; otherwise its session is expired at Stripe first. Raises
    ``CartError`` (nothing was placed, taken or charged), ``OrderOpen`` (the open order can't be
    closed yet) or ``PaymentError`` (it may be tried again).
    """
    if cart is None:
        raise EmptyCart
    return _begin(CartKey.of(cart), fingerprint, return_urls, email=email, by=by)


@in_transaction
def place_order(
    cart: Cart, *, fingerprint: str | None = None, email: str = "", by: Cause = BY_SYSTEM
) -> Order:
    """Turn ``cart`` into a PENDING order and take its stock. Sends ``order_placed``.

    An open order of the same lines is returned as it is. Raises ``CartError`` (nothing was placed
    or taken) or ``OrderOpen`` if an order of other lines is still open.
    """
    cart_pk, contents = lock_contents(cart.key, fingerprint)
    open_order = Order.objects.filter(open_cart=cart_pk).first()
    if open_order is None:
        order = create_order(cart_pk, contents, user_pk=cart.user_id, email=email, by=by)
        # The host may change the items before it starts the payment.
        vars(order).pop("cached_items", None)
        return order
    if is_unchanged(open_order, contents):
        return open_order
    raise OrderOpen


@deadline()
def start_payment(order: Order, *, return_urls: ReturnUrls, by: Cause = BY_SYSTEM) -> Order:
    """Return ``order`` with its payable address, or paid if there is nothing to pay.

    Raises ``OrderClosed``, ``PaymentRefused`` (then the order is closed, and its stock is given
    back) or another ``PaymentError`` (trying again leads to the same session).
    """
    if is_free(order):
        return sync_order(order, by=by)
    success = return_urls.success(order)
    try:
        order = save_session_params(order, success_url=success, cancel_url=return_urls.cancel)
        order = create_session_once(order, by=by)
    except (PaymentRefused, PaymentPermanentlyFailed) as error:
        why = " ".join(filter(None, (error.stripe_code, error.stripe_param))) or error.code
        logger.warning("Order %s was refused: %s", order.reference, why)
        order = close_without_session(order, by=by, message=error.stripe_code)
        if order.is_pending:  # a concurrent request created it before this one was refused
            return order
        raise
    except PaymentError as error:
        order = _wait_for_concurrent_request(order, error)
    return order if order.is_payable else sync_order(order, by=by)


@deadline()
def resume_payment(order: Order, *, return_urls: ReturnUrls, by: Cause = BY_SYSTEM) -> Order:
    """Return a pending ``order`` with its payable address, or in the state it has reached by now.

    An order that has no session yet gets one; an order with too little time left is closed. Raises
    ``OrderClosed`` or ``PaymentError``.
    """
    order = _refresh_from_stripe(order, by=by)
    if not order.is_pending:
        return order
    if order.cancel_requested_at is None and not _has_time_left(order):
        return cancel_order(order, by=by)
    return start_payment(order, return_urls=return_urls, by=by)


@deadline()
def cancel_order(order: Order, *, by: Cause = BY_SYSTEM) -> Order:
    """Expire the order's session at Stripe, and cancel the order if that succeeds.

    Return the order in its new state: CANCELED, or PAID if the payment was completed first. An
    order that is not pending is not changed. Sends ``order_canceled``. Raises ``PaymentError`` if
    Stripe gives no answer; the request is kept, and any later sync carries it out.
    """
    order = _request_cancel(order, by=by)
    return sync_order(order, by=by) if order.is_pending else order


# A concurrent request may place, pay or cancel an order between two steps; then start over.
@retry(OrderOpen, OrderClosed, times=5, then_raise=OrderOpen)
def _begin(
    key: CartKey, fingerprint: str, return_urls: ReturnUrls, *, email: str, by: Cause
) -> Order:
    # Usually no order is open, so place first: it saves reading the cart twice.
    order = _place_unless_open(key, fingerprint=fingerprint, email=email, by=by)
    if order is None:
        order = _reuse_or_close_open_order(key, fingerprint, by=by)
    return start_payment(order, return_urls=return_urls, by=by) if order.is_pending else order


@in_transaction
def _request_cancel(order: Order, *, by: Cause) -> Order:
    order = lock_order(order)
    if order.is_pending and order.cancel_requested_at is None:
        order.cancel_requested_at = timezone.now()
        order.save()
        note(order, kind="cancel_requested", by=by)
    return order


@in_transaction
def _place_unless_open(key: CartKey, *, fingerprint: str, email: str, by: Cause) -> Order | None:
    """Place an order, or return None if an order is open."""
    cart_pk, contents = lock_contents(key, fingerprint)
    if Order.objects.filter(open_cart=cart_pk).exists():
        return None
    return create_order(cart_pk, contents, user_pk=key.user_id, email=email, by=by)


def _reuse_or_close_open_order(key: CartKey, fingerprint: str, *, by: Cause) -> Order:
    """Return the open order to continue with, or raise ``OrderClosed`` if none is open any more."""
    order = Order.objects.filter(**key.lookup("open_cart__")).first()
    if order is None:
        raise OrderClosed
    contents = read_contents(key)
    if is_unchanged(order, contents) and _has_time_left(order):
        # A concurrent request may have changed the cart back to this order's lines.
        contents.raise_if_not_orderable(fingerprint)
        order = _refresh_from_stripe(order, by=by)
    else:
        order = cancel_order(order, by=by)
        if order.is_pending:
            raise OrderOpen
    if order.status in (Order.Status.EXPIRED, Order.Status.CANCELED):
        raise OrderClosed
    return order


def _wait_for_concurrent_request(order: Order, error: PaymentError) -> Order:
    """Return the order once the request that is creating its session has saved it."""
    delays = RETRY_DELAYS if error.stripe_code == "idempotency_key_in_use" else RETRY_DELAYS[:1]
    for delay in delays:
        time.sleep(delay)
        order = Order.objects.get(pk=order.pk)
        if order.is_payable or not order.is_pending:
            return order
    raise error


def _refresh_from_stripe(order: Order, *, by: Cause) -> Order:
    """Sync the order, so that a paid one is not paid again; without an answer, go on with it."""
    if order.session_id is None:
        return order
    try:
        return sync_order(order, by=by)
    except PaymentMissing:  # the session is another account's: never redirect to it
        raise
    except PaymentError:
        return order


def _has_time_left(order: Order) -> bool:
    if order.cancel_requested_at is not None or not order.matches_livemode:
        return False
    # The session may not exist at Stripe yet: leave time to create it.
    needed = TIME_TO_CREATE if order.session_id is None else TIME_TO_PAY
    ends = order.session_expires_at
    return ends is None or ends > timezone.now() + needed
