"""Model of the time until which Stripe's events were read."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet


class EventCursor(models.Model):
    """Model for the time until which Stripe's events were read, one row for each secret key.

    ``seen_until`` is the time, by Stripe's clock, at which the last complete reading began.

    ``gap_since`` is the time since which events were missed that Stripe does not list any more, or
    None. Instead of these events, the orders are read: those up to the primary key
    ``gap_checked_pk`` were, and ``gap_failed_pk`` is the first of them that could not be synced.
    """

    api_key_digest = models.CharField(max_length=16, unique=True)
    seen_until = models.DateTimeField()
    gap_since = models.DateTimeField(null=True)
    gap_checked_pk = models.BigIntegerField(default=0)
    gap_failed_pk = models.BigIntegerField(null=True)

    objects = PrimaryDatabaseQuerySet["EventCursor"].as_manager()

    class Meta:
        verbose_name = _("event cursor")
        verbose_name_plural = _("event cursors")

    def __str__(self) -> str:
        return f"{self.api_key_digest} until {self.seen_until}"
