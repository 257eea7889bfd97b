"""Model of issues: each is something that staff must decide about an order."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_stripe_cart.models.fields import StripeIdField
from django_stripe_cart.models.order import Order
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet
from django_stripe_cart.models.states import HOLDS, IssueReason


class OrderIssueQuerySet(PrimaryDatabaseQuerySet["OrderIssue"]):
    """Queryset of issues."""

    def open(self) -> Self:
        """Return the issues that are not settled yet."""
        return self.filter(is_open=True)


class OrderIssue(models.Model):
    """Model for an issue: something that staff must decide about an order.

    ``about`` is the Stripe id of the refund, dispute, review or session that the issue is about, or
    an empty string. If Stripe does not have the refund, ``about`` is the refund's ``key``.
    ``settled_by`` is empty if the app, and not a person, has closed the issue.
    """

    Reason = IssueReason

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="issues")
    reason = models.CharField(_("reason"), max_length=30, choices=IssueReason.choices)
    # The id of a refund, dispute, review or session at Stripe; of a refund that Stripe does not
    # have, its key.
    about = StripeIdField(_("about"), blank=True)
    opened = models.DateTimeField(_("opened"), default=timezone.now)
    settled = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.CharField(_("settled by"), max_length=150, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    # NULL once settled: NULLs are not equal in a unique constraint, and MariaDB has no conditional
    # ones.
    is_open = models.BooleanField(null=True, default=True, editable=False)

    objects = OrderIssueQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        indexes = (models.Index(fields=("is_open", "reason"), name="stripe_cart_issue_open"),)
        constraints = (
            models.UniqueConstraint(
                fields=("order", "reason", "about", "is_open"), name="stripe_cart_issue_open_once"
            ),
            models.CheckConstraint(
                # With NULL, is_open=True is unknown, and a check that is unknown is fulfilled.
                condition=Q(is_open__isnull=False, is_open=True, settled__isnull=True)
                | Q(is_open__isnull=True, settled__isnull=False),
                name="stripe_cart_issue_open_or_settled",
            ),
        )

    def __str__(self) -> str:
        return f"{self.order}: {self.get_reason_display()}"

    @property
    def holds_order(self) -> bool:
        """Return whether staff accepts the order's payment by settling this issue.

        That is the case if only this issue keeps the order from becoming PAID.
        """
        if not self.order.is_held:
            return False
        holding = [one for one in self.order.open_issues if one.reason in HOLDS and not one.about]
        return holding == [self]
