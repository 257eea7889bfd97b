"""Model of e-mails about orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_stripe_cart.models.order import Order
from django_stripe_cart.models.order_issue import OrderIssue
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet
from django_stripe_cart.models.refund import Refund

# The process that queues an e-mail has this time to send it, before another process does.
RETRY_AFTER = timedelta(minutes=1)
REPORT_AFTER = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)


def default_due_at() -> datetime:
    """Return the time one minute from now. After it, any process may send the new e-mail."""
    return timezone.now() + RETRY_AFTER


class OrderEmailQuerySet(PrimaryDatabaseQuerySet["OrderEmail"]):
    """Queryset of e-mails about orders."""

    def pending(self) -> Self:
        """Return the e-mails that are due, and that no process has begun to send.

        E-mails that were queued more than three days ago are left out.
        """
        now = timezone.now()
        return self.filter(claimed_at=None, due_at__lte=now, created__gt=now - GIVE_UP_AFTER)

    def overdue(self) -> Self:
        """Return the unsent e-mails that were queued between three days and one hour ago.

        E-mails without a recipient are left out, and so are those that are not sent because they
        are out of date.
        """
        now = timezone.now()
        late = self.filter(
            sent_at=None, created__lt=now - REPORT_AFTER, created__gt=now - GIVE_UP_AFTER
        )
        late = late.exclude(~Q(kind=OrderEmail.Kind.ISSUE), order__email="")
        # These are out of date, so they are not sent.
        late = late.exclude(refund__status__in=Refund.FAILED_STATUSES)
        return late.exclude(issue__isnull=False, issue__is_open=None)


class OrderEmail(models.Model):
    """Model for an e-mail about an order, which is sent at most once. Its text is not stored.

    ``claimed_at`` is the time at which a process began to send it.
    """

    class Kind(models.TextChoices):
        PAID = "paid", pgettext_lazy("e-mail", "Paid")
        FULFILLED = "fulfilled", pgettext_lazy("e-mail", "Completed")
        REFUNDED = "refunded", pgettext_lazy("e-mail", "Refunded")
        FAILED = "failed", pgettext_lazy("e-mail", "Payment failed")
        ISSUE = "issue", pgettext_lazy("e-mail", "Issue, to the managers")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="emails")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    refund = models.ForeignKey(
        Refund, on_delete=models.CASCADE, null=True, blank=True, related_name="emails"
    )
    issue = models.ForeignKey(
        OrderIssue, on_delete=models.CASCADE, null=True, blank=True, related_name="emails"
    )
    # The kind, and the key of the refund or issue if there is one: a NULL would not be unique.
    dedupe_key = models.CharField(max_length=40)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created = models.DateTimeField(_("created"), default=timezone.now)
    due_at = models.DateTimeField(default=default_due_at)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = OrderEmailQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        indexes = (models.Index(fields=("claimed_at", "due_at"), name="stripe_cart_email_due"),)
        constraints = (
            models.UniqueConstraint(fields=("order", "dedupe_key"), name="stripe_cart_email_once"),
        )

    def __str__(self) -> str:
        return f"{self.order}: {self.dedupe_key}"

    @classmethod
    def for_order(
        cls,
        order: Order,
        kind: str,
        *,
        refund: Refund | None = None,
        issue: OrderIssue | None = None,
    ) -> Self:
        """Return the unsaved e-mail about ``order``, or about one of its refunds or issues."""
        subject = refund or issue
        dedupe_key = kind if subject is None else f"{kind}-{subject.pk}"
        return cls(order=order, kind=kind, refund=refund, issue=issue, dedupe_key=dedupe_key)
