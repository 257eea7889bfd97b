"""Model of the time until which Stripe's events were read."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet


class EventCursor(models.Model):
    """Model for the time until which Stripe's events were read, one row for each secret key.

    ``seen_until`` is the time, by Stripe's clock, at which the last complete reading began.

    Stripe lists an event for 30 days only. If events were missed for longer, ``gap_since`` is the
    time since which they were missed; otherwise, it is None. The orders are then synced instead, in
    the sequence of their primary keys. ``gap_checked_pk`` is the primary key of the last order that
    was reached. ``gap_failed_pk`` is the primary key of the first order that could not be synced,
    or None.
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
