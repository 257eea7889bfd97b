"""Model of the items of an order."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.conf import conf
from django_stripe_cart.models.order import Order
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet


class OrderItem(models.Model):
    """Model for a product in an order, with the quantity, the name and the price that were ordered.

    ``stock_taken`` is the number of pieces that the order has taken from the product's stock.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(
        conf.product_model,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("product"),
    )
    sku = models.CharField(max_length=200, blank=True)
    name = models.CharField(_("name"), max_length=5000)
    unit_amount = models.BigIntegerField(_("unit amount"))
    quantity = models.PositiveIntegerField(_("quantity"))
    stock_taken = models.PositiveIntegerField(_("reserved stock"), default=0)

    objects = PrimaryDatabaseQuerySet["OrderItem"].as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("order item")
        verbose_name_plural = _("order items")
        constraints = (
            models.CheckConstraint(
                condition=Q(unit_amount__gte=0, quantity__gte=1),
                name="stripe_cart_orderitem_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(stock_taken__lte=models.F("quantity")),
                name="stripe_cart_orderitem_stock_taken_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity}x {self.name}"

    @property
    def total(self) -> int:
        """Return the price of all pieces (int, smallest currency unit)."""
        return self.unit_amount * self.quantity
