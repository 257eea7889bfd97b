"""Model of events from Stripe: each is processed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.fields import StripeIdField
from django_stripe_cart.models.order import Order
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet

PROCESSING_TIME = timedelta(minutes=1)  # another process may still be working on the event


class WebhookEventQuerySet(PrimaryDatabaseQuerySet["WebhookEvent"]):
    """Queryset of events."""

    def unprocessed(self) -> Self:
        """Return the events that were not processed, except those that staff has acknowledged."""
        return self.filter(processed_at=None, acknowledged_at=None)

    def waiting(self) -> Self:
        """Return the unprocessed events on which no process is working."""
        return self.unprocessed().filter(received_at__lt=timezone.now() - PROCESSING_TIME)

    def due(self) -> Self:
        """Return the unprocessed events to process again now, the oldest first.

        No process is working on them, and the time of their next attempt has come.
        """
        is_due = Q(retry_at=None) | Q(retry_at__lte=timezone.now())
        return self.waiting().filter(is_due).order_by("received_at", "pk")


class WebhookEvent(models.Model):
    """Model for an event from Stripe, without its payload.

    ``processed_at`` is None until the event is processed; ``error`` describes the last failure, and
    ``retry_at`` is the time of the next attempt. ``delivered_at`` is None if the event was only
    read from Stripe's list: its webhook did not arrive.
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
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    retry_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.CharField(_("acknowledged by"), max_length=150, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        permissions = (
            ("acknowledge_webhookevent", "Can acknowledge webhook events"),
            ("retry_webhookevent", "Can process webhook events again"),
        )
        indexes = (
            models.Index(fields=("processed_at", "received_at"), name="stripe_cart_webhook_open"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"

    @property
    def is_over(self) -> bool:
        """Return whether nothing is left to do for the event.

        It was processed, or staff has acknowledged that it can't be processed.
        """
        return self.processed_at is not None or self.acknowledged_at is not None

    @property
    def is_waiting(self) -> bool:
        """Return whether the event is unprocessed, and no process is working on it."""
        return not self.is_over and self.received_at < timezone.now() - PROCESSING_TIME

    @property
    def is_waiting_for_retry(self) -> bool:
        """Return whether the last attempt failed, and the time of the next attempt has not come."""
        return self.retry_at is not None and self.retry_at > timezone.now()
