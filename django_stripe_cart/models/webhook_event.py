"""Models of Stripe's events, and of the time until which they were read."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.fields import StripeIdField
from django_stripe_cart.models.order import Order
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet


class WebhookEvent(models.Model):
    """Model for an event from Stripe, without its payload.

    ``processed_at`` is None until the event is processed; ``error`` describes the last failure.
    """

    event_id = StripeIdField(_("event"), unique=True)
    type = models.CharField(_("type"), max_length=100)
    object_id = StripeIdField(_("object"), blank=True)
    order = models.ForeignKey(
        Order,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="webhook_events",
        verbose_name=_("order"),
    )
    livemode = models.BooleanField(_("live mode"), default=False)
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True)

    objects = PrimaryDatabaseQuerySet["WebhookEvent"].as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        indexes = (
            models.Index(fields=("processed_at", "received_at"), name="stripe_cart_webhook_open"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class EventCursor(models.Model):
    """Model for the time until which Stripe's events were read, one row for each mode.

    The mode is test or live. ``seen_until`` is the time at which the last complete reading began.
    """

    livemode = models.BooleanField(unique=True)
    seen_until = models.DateTimeField()

    objects = PrimaryDatabaseQuerySet["EventCursor"].as_manager()

    class Meta:
        verbose_name = _("event cursor")
        verbose_name_plural = _("event cursors")

    def __str__(self) -> str:
        return f"{'live' if self.livemode else 'test'} until {self.seen_until}"
