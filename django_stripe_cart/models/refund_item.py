"""Model of the items of a refund: how many pieces were refunded and returned to the stock."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.order_item import OrderItem
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet
from django_stripe_cart.models.refund import Refund


class RefundItemQuerySet(PrimaryDatabaseQuerySet["RefundItem"]):
    """Queryset of the items of refunds."""

    def active(self) -> Self:
        """Return the items of the refunds that have not failed."""
        return self.exclude(refund__status__in=Refund.FAILED_STATUSES)


class RefundItem(models.Model):
    """Model for an item of an order in a refund, with the refunded quantity.

    ``restocked`` is the number of pieces that this refund has returned to the stock.
    """

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="items")
    order_item = models.ForeignKey(OrderItem, on_delete=models.CASCADE, related_name="refunds")
    quantity = models.PositiveIntegerField(_("quantity"))
    # A refund can fail after its items came back, and the next refund of the same items returns
    # none again: so it can be less than the quantity.
    restocked = models.PositiveIntegerField(_("returned to stock"), default=0)
    restocked_at = models.DateTimeField(_("returned to stock at"), null=True, blank=True)

    objects = RefundItemQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("refund item")
        verbose_name_plural = _("refund items")
        constraints = (
            models.UniqueConstraint(
                fields=("refund", "order_item"), name="stripe_cart_refunditem_once"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, restocked__lte=F("quantity")),
                name="stripe_cart_refunditem_restocked_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity}x {self.order_item.name}"
