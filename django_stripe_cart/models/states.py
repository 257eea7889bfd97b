"""Statuses of an order, and reasons why staff must look at an order."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(models.TextChoices):
    """Statuses of an order."""

    # The labels have a context: French and Spanish use other words for a refund.
    PENDING = "pending", pgettext_lazy("order", "Awaiting payment")
    PROCESSING = "processing", pgettext_lazy("order", "Payment processing")
    PAID = "paid", pgettext_lazy("order", "Paid")
    FULFILLED = "fulfilled", pgettext_lazy("order", "Completed")
    REFUNDED = "refunded", pgettext_lazy("order", "Refunded")
    FAILED = "failed", pgettext_lazy("order", "Payment failed")
    EXPIRED = "expired", pgettext_lazy("order", "Not paid in time")
    CANCELED = "canceled", pgettext_lazy("order", "Canceled")


class IssueReason(models.TextChoices):
    """Reasons why staff must look at an order.

    Some reasons also keep the order from becoming PAID: see ``Order.held_for``.
    """

    AMOUNT_MISMATCH = "amount_mismatch", _("The amount paid differs from the total")
    PAID_WITHOUT_STOCK = "paid_without_stock", _("Paid, but no longer in stock")
    UNKNOWN_MONEY = "unknown_money", _("Unexpected payment for this order")
    REFUND_FAILED = "refund_failed", _("A refund failed")
    REFUND_NOT_MADE = "refund_not_made", _("A refund did not reach Stripe")
    DISPUTED = "disputed", _("The payment is disputed")
    REVIEW = "review", _("Stripe holds the payment for review")
    EARLY_FRAUD_WARNING = (
        "early_fraud_warning",
        _("The bank reports that the payment is fraudulent"),
    )
    STOCK_NOT_RETURNED = "stock_not_returned", _("Stock could not be returned")


# Reasons that keep a paid order from becoming PAID. These issues have an empty ``about``.
HOLDS = (IssueReason.AMOUNT_MISMATCH, IssueReason.PAID_WITHOUT_STOCK, IssueReason.UNKNOWN_MONEY)

# Of staff, in the admin: one for each action on an order.
PERMISSIONS = (
    ("refund_order", "Can refund orders"),
    ("cancel_order", "Can cancel orders"),
    ("fulfill_order", "Can fulfill orders"),
    ("settle_order", "Can settle the issues of orders"),
    ("sync_order", "Can sync orders with Stripe"),
    ("email_order", "Can resend an order's e-mail"),
)
