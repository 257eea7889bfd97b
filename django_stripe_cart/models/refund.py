"""Model of refunds. A row is saved before the request to Stripe, or made from Stripe's list."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from model_utils.models import TimeStampedModel

from django_stripe_cart.models.fields import StripeIdField
from django_stripe_cart.models.order import Order
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet


class RefundQuerySet(PrimaryDatabaseQuerySet["Refund"]):
    """Queryset of refunds."""

    def active(self) -> Self:
        """Return the refunds that have not failed: they reduce the refundable amount."""
        return self.exclude(status__in=Refund.FAILED_STATUSES)

    def unknown(self) -> Self:
        """Return the refunds with an unknown outcome: Stripe may or may not have made them."""
        return self.filter(status=Refund.Status.UNKNOWN)


class Refund(TimeStampedModel):
    """Model for a refund of a part of an order, or of the whole order.

    ``amount`` is an int in the currency's smallest unit. ``key`` identifies the refund in the
    idempotency key and in the metadata at Stripe. ``stripe_id`` is the refund's id at Stripe; it is
    None until Stripe returns the id.
    """

    class Status(models.TextChoices):
        UNKNOWN = "unknown", pgettext_lazy("refund", "Not yet known")
        PENDING = "pending", pgettext_lazy("refund", "Pending")
        REQUIRES_ACTION = "requires_action", pgettext_lazy("refund", "Requires action")
        SUCCEEDED = "succeeded", pgettext_lazy("refund", "Succeeded")
        FAILED = "failed", pgettext_lazy("refund", "Failed")
        CANCELED = "canceled", pgettext_lazy("refund", "Canceled")

    FAILED_STATUSES = (Status.FAILED, Status.CANCELED)

    class Source(models.TextChoices):
        SHOP = "shop", _("Shop")
        STRIPE = "stripe", _("Stripe")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    stripe_id = StripeIdField(null=True, blank=True, unique=True)
    amount = models.BigIntegerField(_("amount"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    status = models.CharField(
        _("status"), max_length=20, choices=Status.choices, default=Status.UNKNOWN
    )
    source = models.CharField(
        _("source"), max_length=10, choices=Source.choices, default=Source.SHOP
    )
    actor = models.CharField(_("actor"), max_length=150, blank=True)
    restock = models.BooleanField(_("restock"), default=False)
    # Only staff's own request sends a refund. A later look finds out what became of it, from two
    # complete lists of Stripe's: missing_since is the time of the first one that lacked it.
    resent_at = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        indexes = (models.Index(fields=("status", "created"), name="stripe_cart_refund_status"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="stripe_cart_refund_amount_positive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.order} -{self.amount}"

    @property
    def is_succeeded(self) -> bool:
        """Return whether Stripe has made the refund. It can still fail, up to 30 days later."""
        return self.status == self.Status.SUCCEEDED

    @property
    def is_failed(self) -> bool:
        """Return whether the refund has failed or was canceled, so the shopper gets no money."""
        return self.status in self.FAILED_STATUSES
