"""Which e-mails an order gives rise to, each once. Neither their text nor their address is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_stripe_cart.models.order import Order
from django_stripe_cart.models.querysets import FreshQuerySet
from django_stripe_cart.models.refund import Refund

# Sooner, whoever made the row is about to send it; later, nobody waits for it any more.
LEFT_BEHIND = timedelta(minutes=1)
LOST = timedelta(hours=1)
TOO_LATE = timedelta(days=3)


def find_first_due() -> datetime:
    return timezone.now() + LEFT_BEHIND


class OrderEmailQuerySet(FreshQuerySet["OrderEmail"]):
    def left_behind(self) -> Self:
        """Those that nobody is sending: their process died, or the mail server refused them."""
        now = timezone.now()
        return self.filter(claimed_at=None, due_at__lte=now, created__gt=now - TOO_LATE)

    def lost(self) -> Self:
        """Those of late that did not go out in their first hour, though there is an address."""
        now = timezone.now()
        late = self.filter(sent_at=None, created__lt=now - LOST, created__gt=now - TOO_LATE)
        return late.exclude(order__email="").exclude(refund__status__in=Refund.GONE)


class OrderEmail(models.Model):
    class Kind(models.TextChoices):
        PAID = "paid", pgettext_lazy("e-mail", "Paid")
        FULFILLED = "fulfilled", pgettext_lazy("e-mail", "Fulfilled")
        REFUNDED = "refunded", pgettext_lazy("e-mail", "Refunded")
        FAILED = "failed", pgettext_lazy("e-mail", "Payment failed")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="emails")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    refund = models.ForeignKey(
        Refund, on_delete=models.CASCADE, null=True, blank=True, related_name="emails"
    )
    # Its kind, and of a refund also which one: NULL would not be unique.
    occasion = models.CharField(max_length=40)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created = models.DateTimeField(_("created"), default=timezone.now)
    due_at = models.DateTimeField(default=find_first_due)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = OrderEmailQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        indexes = (models.Index(fields=("claimed_at", "due_at"), name="stripe_cart_email_left"),)
        constraints = (
            models.UniqueConstraint(fields=("order", "occasion"), name="stripe_cart_email_once"),
        )

    def __str__(self) -> str:
        return f"{self.order}: {self.occasion}"

    @classmethod
    def about(cls, order: Order, kind: str, *, refund: Refund | None = None) -> Self:
        """Return the row, not saved, of what there is to say."""
        occasion = kind if refund is None else f"{kind}-{refund.pk}"
        return cls(order=order, kind=kind, refund=refund, occasion=occasion)
