"""The app's exceptions. ``str(error)`` is a translated message that may be shown to shoppers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.core.exceptions import SuspiciousOperation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class StripeCartError(Exception):
    """Base class of the app's exceptions. ``code`` identifies an exception in JSON responses."""

    code: ClassVar[str] = "stripe_cart_error"
    default_message: ClassVar[str | Promise] = _("Something went wrong.")

    def __init__(self, message: str | Promise | None = None) -> None:
        super().__init__(message or self.default_message)


class EmailNotSent(StripeCartError):
    """Exception raised when the sending of an e-mail has failed, or may have failed.

    The order has not changed.
    """

    code = "email_not_sent"
    default_message = _("The e-mail could not be sent.")


class EmailRefused(EmailNotSent):
    """Exception raised when an e-mail was certainly not sent. It is safe to send it again."""

    code = "email_refused"


class CartError(StripeCartError):
    """Exception raised when a cart can't be changed as requested, or can't be ordered.

    No order was placed, no stock was taken and nothing was charged.
    """

    code = "cart_error"


class EmptyCart(CartError):
    """Exception raised when an order is placed from an empty cart."""

    code = "empty_cart"
    default_message = _("Your cart is empty.")


class ProductUnavailable(CartError):
    """Exception raised when a product is not for sale."""

    code = "product_unavailable"
    default_message = _("This product is not for sale at the moment.")


class OutOfStock(CartError):
    """Exception raised when less of a product is in stock than was requested."""

    code = "out_of_stock"
    default_message = _("There is not enough of this product left.")


class QuantityNotAllowed(CartError):
    """Exception raised when a quantity is not between 1 and 999."""

    code = "quantity_not_allowed"
    default_message = _("Please choose a whole number from 1 to 999.")


class CartFull(CartError):
    """Exception raised when a product is added to a cart with 100 different products."""

    code = "cart_full"
    default_message = _("A cart can hold up to 100 different products.")


class MixedCurrencies(CartError):
    """Exception raised when an order is placed from a cart with prices in several currencies."""

    code = "mixed_currencies"
    default_message = _("Products in different currencies can't be bought together.")


class CartChanged(CartError):
    """Exception raised when a cart has changed since the shopper saw it.

    ``changes`` is a list of sentences for the shopper that describe the changes.
    """

    code = "cart_changed"
    default_message = _("Your cart has changed. Please review it before you check out.")

    def __init__(self, changes: Sequence[str] = ()) -> None:
        self.changes = list(changes)
        super().__init__()


class OrderError(StripeCartError):
    """Exception raised when the status of an order does not allow the requested change."""

    code = "order_error"


class ConfirmationNeeded(OrderError):
    """Exception raised when a person should look at the order before the requested change.

    With ``confirmed=True``, the same call makes the change.
    """

    code = "confirmation_needed"


class OrderOpen(OrderError):
    """Exception raised when the cart's earlier order must be closed before another is placed."""

    code = "order_open"
    default_message = _("You already have an unpaid order.")


class OrderClosed(OrderError):
    """Exception raised when an order that must be pending is not pending any more."""

    code = "order_closed"
    default_message = _("This order is closed.")


class OrderUnsettled(OrderError):
    """Exception raised when the payment of an order may still succeed or fail."""

    code = "order_unsettled"
    default_message = _("The payment for this order is not complete yet.")


class RefundNotPossible(OrderError):
    """Exception raised when the requested amount of an order can't be refunded."""

    code = "refund_not_possible"
    default_message = _("There is nothing left to refund.")


class PaymentError(StripeCartError):
    """Exception raised when Stripe refused a request or did not answer it.

    ``stripe_code`` and ``stripe_param`` are ``code`` and ``param`` of Stripe's error, or ""
    (docs.stripe.com/api/errors). ``sent_at`` is the time, by Stripe's clock, at which Stripe sent
    the error. It is None if the time is unknown.
    """

    code = "payment_error"
    default_message = _("The payment service can't be reached at the moment. Please try again.")

    def __init__(
        self, message: str | Promise | None = None, *, stripe_code: str = "", stripe_param: str = ""
    ) -> None:
        super().__init__(message)
        self.stripe_code = stripe_code
        self.stripe_param = stripe_param
        self.sent_at: datetime | None = None


class PaymentRefused(PaymentError):
    """Exception raised when Stripe refused a request and changed nothing.

    Stripe would refuse the same request again.
    """

    code = "payment_refused"
    default_message = _("The payment service refused this order.")


class PaymentNotConfigured(PaymentRefused):
    """Exception raised when a setting of this site prevents payments. The log names the setting."""

    code = "payment_not_configured"
    default_message = _("This shop can't take payments at the moment.")


class PaymentMissing(PaymentRefused):
    """Exception raised when an object does not exist in the Stripe account of the secret key."""

    code = "payment_missing"


class PaymentElsewhere(PaymentMissing):
    """Exception raised when an order's payment is in the Stripe account of another secret key.

    The order does not change while the payment may still succeed in that account.
    """

    code = "payment_elsewhere"
    default_message = _("The payment for this order is not complete yet.")


class PaymentRetryable(PaymentError):
    """Exception raised when Stripe was too busy to carry out a request.

    The same request with the same idempotency key can be sent again.
    """

    code = "payment_retryable"


class PaymentUnknown(PaymentError):
    """Exception raised when it is unknown whether Stripe carried out a request.

    The caller syncs the order, or sends the same request with the same idempotency key.
    """

    code = "payment_unknown"


class ShopBusy(PaymentError):
    """Exception raised when the database has taken so long that no time is left to ask Stripe.

    No request was sent to Stripe. The same call can be repeated.
    """

    code = "shop_busy"
    default_message = _("The shop is very busy at the moment. Please try again.")


class PaymentPermanentlyFailed(PaymentUnknown):
    """Exception raised when Stripe has stored a failure for the idempotency key of a request.

    The same request with the same key fails every time (docs.stripe.com/api/idempotent_requests).
    """

    code = "payment_stuck"


class EventProcessed(StripeCartError):
    """Exception raised when staff acknowledges a webhook event that was already processed."""

    code = "event_processed"
    default_message = _("This event was processed, so there is nothing to acknowledge.")


class AmountNotRepresentable(StripeCartError, ValueError):
    """Exception raised when a price has more decimals than its currency. Prices are not rounded.

    It is also raised for an amount that is too high for Stripe, and for an unknown currency.
    """

    code = "amount_not_representable"
    default_message = _("This price isn't possible in its currency.")


class InvalidWebhook(SuspiciousOperation):
    """Exception raised when a webhook is not signed by Stripe or can't be read.

    Nothing is stored, and Django answers 400.
    """
