"""The app's exceptions. ``str(error)`` is a translated message that may be shown to shoppers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.core.exceptions import SuspiciousOperation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class StripeCartError(Exception):
    """The base class of the app's exceptions.

    ``code`` is the exception's name in JSON answers. Each class declares its own, so that renaming
    a class does not change the JSON API.
    """

    code: ClassVar[str] = "stripe_cart_error"
    default_message: ClassVar[str | Promise] = _("Something went wrong.")

    def __init__(self, message: str | Promise | None = None) -> None:
        self.message = message or self.default_message
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class EmailNotSent(StripeCartError):
    """An e-mail was not sent, or may not have been. The order has not changed."""

    code = "email_not_sent"
    default_message = _("The e-mail could not be sent.")


class EmailRefused(EmailNotSent):
    """The e-mail was certainly not sent, so it can be tried again."""

    code = "email_refused"


# Errors of the cart: no order was placed, no stock taken, nothing charged.


class CartError(StripeCartError):
    """The cart can't hold or sell the product."""

    code = "cart_error"


class EmptyCart(CartError):
    code = "empty_cart"
    default_message = _("Your cart is empty.")


class ProductUnavailable(CartError):
    code = "product_unavailable"
    default_message = _("This product is not for sale at the moment.")


class OutOfStock(CartError):
    code = "out_of_stock"
    default_message = _("There is not enough of this product left.")


class QuantityNotAllowed(CartError):
    code = "quantity_not_allowed"
    default_message = _("Please choose a whole number from 1 to 999.")


class CartFull(CartError):
    code = "cart_full"
    default_message = _("A cart can hold up to 100 different products.")


class MixedCurrencies(CartError):
    code = "mixed_currencies"
    default_message = _("Products in different currencies can't be bought together.")


class CartChanged(CartError):
    """The cart is not what the shopper saw. ``changes`` is a list of sentences that say why."""

    code = "cart_changed"
    default_message = _("Your cart has changed. Please review it before you check out.")

    def __init__(self, changes: Sequence[str] = ()) -> None:
        self.changes = list(changes)
        super().__init__()


# Errors of an order.


class OrderError(StripeCartError):
    """The order's state does not allow the change."""

    code = "order_error"


class ConfirmationNeeded(OrderError):
    """A person should look first. Call again with ``confirmed=True`` to do it all the same."""

    code = "confirmation_needed"


class OrderOpen(OrderError):
    """An earlier order of the cart is open and must be closed first."""

    code = "order_open"
    default_message = _("You already have an unpaid order.")


class OrderClosed(OrderError):
    code = "order_closed"
    default_message = _("This order is closed.")


class OrderUnsettled(OrderError):
    code = "order_unsettled"
    default_message = _("The payment for this order is not complete yet.")


class RefundNotPossible(OrderError):
    code = "refund_not_possible"
    default_message = _("There is nothing left to refund.")


# Errors of Stripe.


class PaymentError(StripeCartError):
    """Stripe refused the request, or did not answer.

    ``stripe_code`` and ``stripe_param`` are Stripe's ``code`` and ``param``, or empty
    (docs.stripe.com/api/errors).
    """

    code = "payment_error"
    default_message = _("The payment service can't be reached at the moment. Please try again.")

    def __init__(
        self, message: str | Promise | None = None, *, stripe_code: str = "", stripe_param: str = ""
    ) -> None:
        super().__init__(message)
        self.stripe_code = stripe_code
        self.stripe_param = stripe_param


class PaymentRefused(PaymentError):
    """Stripe refused the request and would refuse it again. Nothing has happened at Stripe."""

    code = "payment_refused"
    default_message = _("The payment service refused this order.")


class PaymentNotConfigured(PaymentRefused):
    """A setting of this site prevents payments. The log says which."""

    code = "payment_not_configured"
    default_message = _("This shop can't take payments at the moment.")


class PaymentMissing(PaymentRefused):
    """The object does not exist at Stripe for the configured key."""

    code = "payment_missing"


class PaymentRetryable(PaymentError):
    """Stripe was busy. The same request can be sent again with the same idempotency key."""

    code = "payment_retryable"


class PaymentUnknown(PaymentError):
    """The request may or may not have been carried out.

    Sync, or send it again with the same idempotency key.
    """

    code = "payment_unknown"


class PaymentPermanentlyFailed(PaymentUnknown):
    """Stripe failed and returns the stored failure for this idempotency key.

    Sending the same request again can never succeed (docs.stripe.com/api/idempotent_requests).
    """

    code = "payment_stuck"


class AmountNotRepresentable(StripeCartError, ValueError):
    """A price that the currency can't express. It is never rounded."""

    code = "amount_not_representable"
    default_message = _("This price isn't possible in its currency.")


class InvalidWebhook(SuspiciousOperation):
    """A webhook that is not from Stripe or can't be read. Django answers 400; nothing is stored."""
