"""Everything that the verbs raise. ``str(error)`` is a sentence that a shopper may read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.core.exceptions import SuspiciousOperation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class StripeCartError(Exception):
    """The base of all our errors."""

    default: str | Promise = _("Something went wrong.")

    def __init__(self, message: str | Promise | None = None) -> None:
        self.message = message or self.default
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)

    @property
    def slug(self) -> str:
        """str, the kind of error in a form for programs: ``out_of_stock``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class EmailNotSent(StripeCartError):
    """The mail server did not take it, or there is nobody to send it to. The order is as it was."""

    default = _("The e-mail could not be sent.")


class EmailRefused(EmailNotSent):
    """It was certainly not sent, and may be tried again; otherwise it may have been."""


# --- the cart says no: nothing was placed, taken or charged ---------------------------------


class CartError(StripeCartError):
    """The cart can't hold, or can't sell, what was asked."""


class EmptyCart(CartError):
    default = _("Your cart is empty.")


class ProductUnavailable(CartError):
    default = _("This product is not for sale at the moment.")


class OutOfStock(CartError):
    default = _("There is not enough of this product left.")


class QuantityNotAllowed(CartError):
    default = _("Please choose a whole number from 1 to 999.")


class CartFull(CartError):
    default = _("A cart can hold 100 different products.")


class MixedCurrencies(CartError):
    default = _("Products in different currencies can't be bought together.")


class CartChanged(CartError):
    """What the shopper saw is not what would be charged. ``changes`` says what, in sentences."""

    default = _("Your cart has changed. Please look it over before you check out.")

    def __init__(self, changes: Sequence[str] = ()) -> None:
        self.changes = list(changes)
        super().__init__()


# --- the order says no ----------------------------------------------------------------------


class OrderError(StripeCartError):
    """The order is in no state for what was asked."""


class OrderOpen(OrderError):
    """Another order of this cart is still open: close it first."""

    default = _("You have an open order already.")


class OrderClosed(OrderError):
    default = _("This order is closed.")


class OrderUnsettled(OrderError):
    default = _("The payment of this order is not settled yet.")


class RefundNotPossible(OrderError):
    default = _("There is nothing left to refund.")


# --- Stripe says no, or nothing -------------------------------------------------------------


class PaymentError(StripeCartError):
    """Stripe could not be asked, or said no."""

    default = _("The payment service can't be reached at the moment. Please try again.")

    def __init__(
        self, message: str | Promise | None = None, *, code: str = "", param: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class PaymentRefused(PaymentError):
    """Permanent: the same request would be refused again, and nothing came of it."""

    default = _("The payment service refused this order.")


class PaymentNotConfigured(PaymentRefused):
    """This site's own settings keep Stripe from taking anything: its log says which."""

    default = _("This shop can't take payments at the moment.")


class PaymentMissing(PaymentRefused):
    """Stripe knows of no such thing, with the key that is configured now."""


class PaymentRetryable(PaymentError):
    """The same request with the same key may be sent again."""


class PaymentUnknown(PaymentError):
    """It may or may not have happened at Stripe: look, or ask again with the same key."""


class PaymentPermanentlyFailed(PaymentUnknown):
    """Stripe keeps answering with a stored failure: the same request will never heal."""


class AmountNotRepresentable(StripeCartError, ValueError):
    """A price that the currency can't express. Refused, never rounded."""

    default = _("This price can't be expressed in its currency.")


class InvalidWebhook(SuspiciousOperation):
    """Not from Stripe, or not readable: it is answered 400, and nothing is kept."""
