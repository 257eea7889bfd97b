"""Model of disputes, in which a bank withdraws a payment or asks about it.

A payment can have several disputes.
"""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.fields import StripeIdField
from django_stripe_cart.models.order import Order
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet

# docs.stripe.com/api/disputes/object. Stripe may add statuses: unknown ones count as open.
KEPT = ("won", "warning_closed")  # the shop has the money
LOST = ("lost", "prevented")  # the shopper has it
INQUIRY = "warning_"  # the bank asks, and withdraws nothing


class DisputeQuerySet(PrimaryDatabaseQuerySet["Dispute"]):
    """Queryset of disputes."""

    def lost(self) -> Self:
        """Return the disputes that the shop has lost: the shopper has the money."""
        return self.filter(status__in=LOST)

    def withholding(self) -> Self:
        """Return the disputes in which the bank has withdrawn the amount.

        During such a dispute, Stripe refuses refunds.
        """
        return self.exclude(status__in=KEPT).exclude(status__startswith=INQUIRY)


class Dispute(models.Model):
    """Model for a dispute of an order's payment at Stripe.

    ``status`` and ``reason`` are Stripe's, ``amount`` is an int in the currency's smallest unit,
    and ``due_by`` is the time until which the shop can submit evidence.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="disputes")
    stripe_id = StripeIdField(unique=True)
    status = models.CharField(_("status"), max_length=40)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    amount = models.BigIntegerField(_("amount"), default=0)
    due_by = models.DateTimeField(_("answer by"), null=True, blank=True)
    opened = models.DateTimeField(_("opened"))
    closed = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        ordering = ("opened", "pk")
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")

    def __str__(self) -> str:
        return f"{self.order}: {self.stripe_id}"

    @property
    def is_open(self) -> bool:
        """Return whether the dispute is not decided yet."""
        return self.status not in KEPT + LOST

    @property
    def is_kept(self) -> bool:
        """Return whether the dispute is decided, and the shop has kept the money."""
        return self.status in KEPT

    @property
    def is_lost(self) -> bool:
        """Return whether the dispute is decided, and the shopper has got the money."""
        return self.status in LOST

    @property
    def is_inquiry(self) -> bool:
        """Return whether the bank only asks about the payment, and has not withdrawn it."""
        return self.status.startswith(INQUIRY)

    @property
    def is_withholding(self) -> bool:
        """Return whether the bank has withdrawn the amount. Stripe then refuses refunds."""
        return not self.is_kept and not self.is_inquiry

    @property
    def stripe_url(self) -> str:
        """Return the URL of the dispute's page in Stripe's Dashboard."""
        mode = "" if self.order.livemode else "test/"
        return f"https://dashboard.stripe.com/{mode}disputes/{self.stripe_id}"
