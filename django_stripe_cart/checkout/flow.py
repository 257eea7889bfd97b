"""Place an order, start or resume its payment, or cancel the order."""

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
from django_stripe_cart.deadlines import deadline, seconds_left
from django_stripe_cart.exceptions import (
    EmptyCart,
    OrderClosed,
    OrderOpen,
    PaymentError,
    PaymentMissing,
    PaymentPermanentlyFailed,
    PaymentRefused,
)
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

# A session that expires sooner is not used again, because the shopper needs time to pay.
TIME_TO_PAY = timedelta(minutes=2)

# Stripe refuses to create a session that expires in less than 30 minutes.
TIME_TO_CREATE = timedelta(minutes=30, seconds=30)

# Seconds to wait before each reading, while another request creates the session of the order.
RETRY_DELAYS = (0, 0.1, 0.2, 0.4, 0.8, 1.6)


@dataclass(frozen=True)
class ReturnUrls:
    """URLs to which Stripe redirects the shopper.

    ``success`` is a function that takes the order, and returns the URL to open after the payment.
    ``cancel`` is the URL to open if the shopper cancels the payment.
    """

    success: Callable[[Order], str]
    cancel: str


# @retry: a concurrent request may place, pay or cancel an order between two of the steps.
@deadline()
@retry(OrderOpen, OrderClosed, times=5, then_raise=OrderOpen)
def begin_checkout(
    cart: Cart | CartKey | None,
    *,
    fingerprint: str,
    return_urls: ReturnUrls,
    email: str = "",
    by: Cause = BY_SYSTEM,
) -> Order:
    """Place the order of ``cart``, start its payment, and return the order.

    If the cart already has an open order with the same contents, the payment of that order is
    resumed instead. An open order with other contents is canceled first. The returned order can be
    paid at its ``session_url``, or is already paid. ``fingerprint`` (str) is the fingerprint of the
    ``CartContents`` that the shopper saw.

    Raises ``CartError`` if the contents can't be ordered, ``OrderOpen`` if the open order can't be
    closed yet, or ``PaymentError``. After each of these exceptions, the checkout can be repeated.
    """
    if cart is None:
        raise EmptyCart
    key = CartKey.of(cart)
    # Usually no order is open: to place one without looking for it saves a second reading of the
    # cart.
    order = _place_unless_open(key, fingerprint=fingerprint, email=email, by=by)
    if order is None:
        order = _reuse_or_close_open_order(key, fingerprint, by=by)
    return start_payment(order, return_urls=return_urls, by=by) if order.is_pending else order


@in_transaction
def place_order(
    cart: Cart, *, fingerprint: str | None = None, email: str = "", by: Cause = BY_SYSTEM
) -> Order:
    """Place a PENDING order with the contents of ``cart``, take the stock, and return the order.

    If the cart has an open order with the same contents, the open order is returned instead. Sends
    ``order_placed``. Raises ``CartError`` if the contents can't be ordered, or ``OrderOpen`` if the
    cart has an open order with other contents.
    """
    cart_pk, contents = lock_contents(cart.key, fingerprint)
    open_order = Order.objects.filter(open_cart=cart_pk).first()
    if open_order is None:
        order = create_order(cart_pk, contents, user_pk=cart.user_id, email=email, by=by)
        # The caller may change the items before the payment starts.
        vars(order).pop("cached_items", None)
        return order
    if is_unchanged(open_order, contents):
        return open_order
    raise OrderOpen


@deadline()
def start_payment(order: Order, *, return_urls: ReturnUrls, by: Cause = BY_SYSTEM) -> Order:
    """Create the Checkout Session of a pending order, and return the order freshly read.

    The order can be paid at its ``session_url``. An order with a total of 0 becomes PAID instead.
    Raises ``OrderClosed`` if the order is no longer pending. If Stripe refuses the session, the
    order is closed, its stock is given back, and ``PaymentRefused`` is raised. After any other
    ``PaymentError``, a second call creates the same session.
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
        if order.is_pending:  # another request has created the session before this was refused
            return order
        raise
    except PaymentError as error:
        order = _wait_for_concurrent_request(order, error)
    return order if order.is_payable else sync_order(order, by=by)


@deadline()
def resume_payment(order: Order, *, return_urls: ReturnUrls, by: Cause = BY_SYSTEM) -> Order:
    """Sync ``order`` with Stripe, create a missing session, and return the order freshly read.

    If the order is still pending, it can be paid at its ``session_url``. But if too little time is
    left for the payment, the order is canceled. Raises ``OrderClosed`` or ``PaymentError``.
    """
    order = _refresh_from_stripe(order, by=by)
    if not order.is_pending:
        return order
    if order.cancel_requested_at is None and not _can_still_be_paid(order):
        return cancel_order(order, by=by)
    return start_payment(order, return_urls=return_urls, by=by)


@deadline()
def cancel_order(order: Order, *, by: Cause = BY_SYSTEM) -> Order:
    """Expire the session of a pending order at Stripe, and cancel the order.

    Return the order freshly read. It is CANCELED, or PAID if the payment was completed first. An
    order that is not pending does not change. Sends ``order_canceled``. Raises ``PaymentError`` if
    Stripe can't be reached; then the next sync cancels the order.
    """
    order = _request_cancel(order, by=by)
    return sync_order(order, by=by) if order.is_pending else order


@in_transaction
def _request_cancel(order: Order, *, by: Cause) -> Order:
    """Save on a pending order that its cancellation is requested.

    Return the order freshly read.
    """
    order = lock_order(order)
    if order.is_pending and order.cancel_requested_at is None:
        order.cancel_requested_at = timezone.now()
        order.save()
        note(order, kind="cancel_requested", by=by)
    return order


@in_transaction
def _place_unless_open(key: CartKey, *, fingerprint: str, email: str, by: Cause) -> Order | None:
    """Place an order of the cart and return it. Return None if the cart has an open order."""
    cart_pk, contents = lock_contents(key, fingerprint)
    if Order.objects.filter(open_cart=cart_pk).exists():
        return None
    return create_order(cart_pk, contents, user_pk=key.user_id, email=email, by=by)


def _reuse_or_close_open_order(key: CartKey, fingerprint: str, *, by: Cause) -> Order:
    """Return the cart's open order if it matches the cart. Otherwise, cancel the order.

    After the cancellation, ``OrderClosed`` is raised, and the caller can place a new order.
    ``OrderClosed`` is also raised if the cart has no open order any more, and ``OrderOpen`` if the
    open order can't be canceled yet. An open order that turns out to be paid is returned.
    """
    order = Order.objects.filter(**key.lookup("open_cart__")).first()
    if order is None:
        raise OrderClosed
    contents = read_contents(key)
    if is_unchanged(order, contents) and _can_still_be_paid(order):
        # Another request may have changed the cart back to the contents of this order.
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
    """Wait until another request has saved the order's session, and return the order.

    Raises ``error`` if that takes too long.
    """
    delays = RETRY_DELAYS if error.stripe_code == "idempotency_key_in_use" else RETRY_DELAYS[:1]
    for delay in delays:
        time.sleep(max(0, min(delay, seconds_left())))
        order = Order.objects.get(pk=order.pk)
        if order.is_payable or not order.is_pending:
            return order
    raise error


def _refresh_from_stripe(order: Order, *, by: Cause) -> Order:
    """Sync ``order`` with Stripe, and return it freshly read: it may be paid by now.

    Return the order unchanged if it has no session, or if Stripe can't be reached.
    """
    if order.session_id is None:
        return order
    try:
        return sync_order(order, by=by)
    except PaymentMissing:  # the session is of another account, so its URL must not be used
        raise
    except PaymentError:
        return order


def _can_still_be_paid(order: Order) -> bool:
    """Return whether a pending order can still be paid.

    Enough time must be left, and the cancellation of the order must not be requested. If a session
    was requested, it must be of the same mode (test or live) as the secret key.
    """
    if order.cancel_requested_at is not None or not order.matches_livemode:
        return False
    # The session may not exist at Stripe yet, and its creation needs more time.
    needed = TIME_TO_CREATE if order.session_id is None else TIME_TO_PAY
    ends = order.session_expires_at
    return ends is None or ends > timezone.now() + needed
