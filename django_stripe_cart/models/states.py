"""Statuses of an order, and reasons for a review by staff."""

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


class Attention(models.TextChoices):
    """Reasons for a review of an order by staff."""

    AMOUNT_MISMATCH = "amount_mismatch", _("The amount paid differs from the total")
    PAID_WITHOUT_STOCK = "paid_without_stock", _("Paid, but no longer in stock")
    REFUND_FAILED = "refund_failed", _("A refund failed")
    DISPUTED = "disputed", _("The payment is disputed")
    UNKNOWN_MONEY = "unknown_money", _("Unexpected payment for this order")
