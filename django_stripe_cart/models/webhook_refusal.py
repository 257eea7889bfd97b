"""Model of the last webhook that was refused."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet

MIN_INTERVAL = timedelta(minutes=1)


class WebhookRefusal(models.Model):
    """Model for the last webhook that was refused, with the reason. The table has at most one row.

    ``stripe_cart_doctor`` shows the row, because nothing else would reveal a wrong webhook secret.
    """

    SINGLE_PK = 1

    refused_at = models.DateTimeField(_("refused"))
    reason = models.CharField(_("reason"), max_length=200)

    objects = PrimaryDatabaseQuerySet["WebhookRefusal"].as_manager()

    class Meta:
        verbose_name = _("refused webhook")
        verbose_name_plural = _("refused webhooks")

    def __str__(self) -> str:
        return f"{self.refused_at}: {self.reason}"

    @classmethod
    def record(cls, reason: str) -> None:
        """Save that a webhook was refused, at most once a minute.

        Anyone can send requests that are refused. The limit keeps them from causing many writes.
        """
        rows, now = WebhookRefusal.objects.filter(pk=cls.SINGLE_PK), timezone.now()
        last = rows.values_list("refused_at", flat=True).first()
        values = {"refused_at": now, "reason": reason[:200]}
        if last is None:
            row = WebhookRefusal(pk=cls.SINGLE_PK, **values)
            WebhookRefusal.objects.bulk_create([row], ignore_conflicts=True)
        elif last < now - MIN_INTERVAL or last > now:  # this machine's clock may have been fast
            rows.update(**values)
