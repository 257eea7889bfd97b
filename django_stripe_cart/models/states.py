"""Statuses of an order, and reasons why staff must review it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(models.TextChoices):
    # With a context: French and Spanish use another word for an order than for a refund.
    PENDING = "pending", pgettext_lazy("order", "Pending")
    PROCESSING = "processing", pgettext_lazy("order", "Processing")
    PAID = "paid", pgettext_lazy("order", "Paid")
    FULFILLED = "fulfilled", pgettext_lazy("order", "Fulfilled")
    REFUNDED = "refunded", pgettext_lazy("order", "Refunded")
    FAILED = "failed", pgettext_lazy("order", "Failed")
    EXPIRED = "expired", pgettext_lazy("order", "Expired")
    CANCELED = "canceled", pgettext_lazy("order", "Canceled")


class Attention(models.TextChoices):
    """Why staff must review the order."""

    AMOUNT_MISMATCH = "amount_mismatch", _("Another amount was paid than was asked")
    PAID_WITHOUT_STOCK = "paid_without_stock", _("Paid, but no longer in stock")
    REFUND_FAILED = "refund_failed", _("A refund failed")
    DISPUTED = "disputed", _("The payment is disputed")
    UNKNOWN_MONEY = "unknown_money", _("Money arrived that this order did not ask for")
