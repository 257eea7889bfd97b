"""Model of the entries of an order's timeline."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.fields import StripeIdField
from django_stripe_cart.models.order import Order
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet


class OrderEvent(models.Model):
    """Model for an entry of an order's timeline, which shoppers and staff see.

    Entries are only added, never changed. But when an order is anonymized, the texts of its entries
    are emptied.
    """

    class Source(models.TextChoices):
        SHOPPER = "shopper", _("Shopper")
        STAFF = "staff", _("Staff")
        WEBHOOK = "webhook", _("Webhook")
        SYNC = "sync", _("Sync")
        SYSTEM = "system", _("System")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(_("kind"), max_length=30)
    from_status = models.CharField(max_length=50, blank=True)
    to_status = models.CharField(max_length=50, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)
    actor = models.CharField(_("actor"), max_length=150, blank=True)
    stripe_event_id = StripeIdField(blank=True)
    about = StripeIdField(blank=True)  # the refund, dispute, review or session, if it is about one
    message = models.CharField(_("message"), max_length=500, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = PrimaryDatabaseQuerySet["OrderEvent"].as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("order event")
        verbose_name_plural = _("order events")

    def __str__(self) -> str:
        return f"{self.order}: {self.kind}"
