"""Model of orders, with the transitions between their statuses."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField

from django_stripe_cart.conf import conf
from django_stripe_cart.models.cart import Cart
from django_stripe_cart.models.fields import StripeIdField
from django_stripe_cart.models.fsm import ProtectedStatusMixin, transition
from django_stripe_cart.models.order_queryset import OrderQuerySet
from django_stripe_cart.models.states import PERMISSIONS, IssueReason, Status

STATUS_LABELS = dict(Status.choices)


class Order(ProtectedStatusMixin, models.Model):
    """Model for an order, from the checkout of a cart to its last refund.

    ``total`` and the other amounts are ints in the currency's smallest unit. ``open_cart`` is the
    cart while the order is PENDING, and None after that, so a cart has at most one open order.
    """

    Status = Status

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="stripe_cart_orders",
        verbose_name=_("user"),
    )
    # ``user`` is also NULL after the account is deleted; only a guest's order opens by URL alone.
    by_guest = models.BooleanField(_("by a guest"), default=False)
    cart = models.ForeignKey(
        Cart, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders"
    )
    open_cart = models.OneToOneField(
        Cart, on_delete=models.SET_NULL, null=True, blank=True, related_name="open_order"
    )
    status = FSMField(_("status"), choices=Status.choices, default=Status.PENDING, protected=True)

    currency = models.CharField(_("currency"), max_length=3)
    total = models.BigIntegerField(_("total"))
    amount_paid = models.BigIntegerField(_("amount paid"), default=0)
    amount_refunded = models.BigIntegerField(_("amount refunded"), default=0)
    amount_shipping = models.BigIntegerField(_("amount of shipping"), default=0)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=16, blank=True)

    session_id = StripeIdField(null=True, blank=True, unique=True)
    session_url = models.TextField(blank=True)
    session_params = models.JSONField(null=True, blank=True)
    session_expires_at = models.DateTimeField(null=True, blank=True)
    payment_intent_id = StripeIdField(null=True, blank=True, unique=True)
    receipt_url = models.TextField(blank=True)
    livemode = models.BooleanField(default=False)
    # Of the secret key with which the session was created.
    api_key_digest = models.CharField(max_length=16, blank=True)

    # Why an order that has money must not become PAID before staff accepts it. It is kept through
    # a refund, because a refund can fail.
    held_for = models.CharField(
        _("held for"), max_length=30, choices=IssueReason.choices, blank=True
    )
    version = models.PositiveBigIntegerField(default=0, editable=False)

    placed_at = models.DateTimeField(_("placed"), default=timezone.now)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    fulfilled_at = models.DateTimeField(_("completed"), null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    anonymized_at = models.DateTimeField(_("anonymized"), null=True, blank=True)

    objects = OrderQuerySet["Order"].as_manager()

    class Meta:
        ordering = ("-placed_at", "-pk")
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = (
            models.Index(fields=("user", "-placed_at"), name="stripe_cart_order_user_placed"),
            models.Index(fields=("status", "synced_at"), name="stripe_cart_order_status_sync"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(open_cart__isnull=True) | Q(status=Status.PENDING),
                name="stripe_cart_order_open_while_pending",
            ),
            models.CheckConstraint(
                condition=Q(by_guest=False) | Q(user__isnull=True),
                name="stripe_cart_order_guest_without_user",
            ),
            models.CheckConstraint(
                condition=Q(
                    total__gte=0, amount_paid__gte=0, amount_refunded__gte=0, amount_shipping__gte=0
                ),
                name="stripe_cart_order_amounts_not_negative",
            ),
        )
        permissions = PERMISSIONS

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("stripe_cart:order", args=[self.reference])

    def get_status_display(self) -> str:  # type: ignore[no-redef]
        """Return the translated label of the status. Django's method translates all labels."""
        return str(STATUS_LABELS.get(self.status, self.status))

    # Closed states are sources of the next two: the money may arrive after the order was closed,
    # and a refund can fail weeks after it succeeded.
    @transition(
        status,
        source=[
            Status.PENDING,
            Status.EXPIRED,
            Status.CANCELED,
            Status.FAILED,
            Status.REFUNDED,
        ],
        target=Status.PROCESSING,
    )
    def mark_processing(self) -> None:
        """Mark the order as PROCESSING: its payment is delayed, or must be accepted by staff."""
        self.open_cart = None
        self.closed_at = None

    @transition(
        status,
        source=[
            Status.PENDING,
            Status.PROCESSING,
            Status.EXPIRED,
            Status.CANCELED,
            Status.FAILED,
            Status.REFUNDED,
        ],
        target=Status.PAID,
    )
    def mark_paid(self, *, at: datetime) -> None:
        """Mark the order as PAID. ``paid_at`` keeps the time of the first call."""
        self.open_cart = None
        self.closed_at = None
        self.paid_at = self.paid_at or at

    @transition(status, source=[Status.PROCESSING], target=Status.FAILED)
    def mark_failed(self, *, at: datetime) -> None:
        """Mark the order as FAILED: its delayed payment has failed."""
        self.closed_at = at

    @transition(status, source=[Status.PENDING], target=Status.EXPIRED)
    def mark_expired(self, *, at: datetime) -> None:
        """Mark the order as EXPIRED: it was not paid in time."""
        self.open_cart = None
        self.closed_at = at

    @transition(status, source=[Status.PENDING], target=Status.CANCELED)
    def mark_canceled(self, *, at: datetime) -> None:
        """Mark an unpaid order as CANCELED."""
        self.open_cart = None
        self.closed_at = at

    @transition(status, source=[Status.PAID, Status.REFUNDED], target=Status.FULFILLED)
    def mark_fulfilled(self, *, at: datetime) -> None:
        """Mark a paid order as FULFILLED. ``fulfilled_at`` keeps the time of the first call."""
        self.closed_at = None
        self.fulfilled_at = self.fulfilled_at or at

    @transition(
        status, source=[Status.PROCESSING, Status.PAID, Status.FULFILLED], target=Status.REFUNDED
    )
    def mark_refunded(self, *, at: datetime) -> None:
        """Mark the order as REFUNDED: all that was paid for it was refunded."""
        self.closed_at = at

    @cached_property
    def cached_items(self) -> list[Any]:
        """Return the order's items, which are read only once. ``items`` reads them each time."""
        return list(self.items.all())

    @property
    def number(self) -> str:
        """Return the order number that people see: the first eight hex digits of ``reference``."""
        return self.reference.hex[:8].upper()

    @property
    def is_pending(self) -> bool:
        return bool(self.status == Status.PENDING)

    @property
    def is_unsettled(self) -> bool:
        """Return whether the payment may still succeed or fail."""
        return self.status in (Status.PENDING, Status.PROCESSING)

    @property
    def is_held(self) -> bool:
        """Return whether staff must accept the payment before the order can become PAID."""
        return self.status == Status.PROCESSING and bool(self.held_for)

    @property
    def open_issues(self) -> list[Any]:
        """Return the issues that are not settled, oldest first.

        Uses ``prefetch_related("issues")``.
        """
        return [issue for issue in self.issues.all() if issue.is_open]

    @property
    def matches_livemode(self) -> bool:
        """Return whether the order's session is of the same mode (test or live) as the secret key.

        Return True, too, if no session was requested yet.
        """
        return self.session_params is None or self.livemode == conf.livemode

    @property
    def has_other_key(self) -> bool:
        """Return whether the order's session was created with another secret key than today's."""
        return self.api_key_digest not in ("", conf.api_key_digest)

    @property
    def has_receipt(self) -> bool:
        """Return whether Stripe has a receipt for the order.

        ``receipt_url`` may still be empty, because no webhook contains the URL.
        """
        is_paid = self.amount_paid > 0 and self.payment_intent_id is not None
        return is_paid and self.anonymized_at is None

    @property
    def is_payable(self) -> bool:
        """Return whether the shopper can still pay at ``session_url``."""
        return (
            self.is_pending
            and self.matches_livemode
            and bool(self.session_url)
            and self.cancel_requested_at is None
            and self.session_expires_at is not None
            and self.session_expires_at > timezone.now()
        )
