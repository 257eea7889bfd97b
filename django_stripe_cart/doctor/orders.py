"""Diagnosis of orders that wait for a payment, for a sync or for staff."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.timesince import timesince

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.events import SYNC_COMMAND
from django_stripe_cart.doctor.finding import Finding, advice, good, wrong
from django_stripe_cart.models import Order, OrderIssue


def diagnose_orders() -> Iterator[Finding]:
    """Report the orders that wait for a payment or a sync, and the open issues."""
    yield good(f"Orders awaiting payment: {Order.objects.open().count()}.")
    if conf.secret_key:
        yield from _report_other_keys()
    overdue = Order.objects.overdue()
    oldest = overdue.order_by("placed_at").first()
    if oldest is not None:
        yield wrong(
            f"Orders overdue for a sync: {overdue.count()}, the oldest "
            f"({oldest.number}) since {timesince(oldest.placed_at)}.",
            next=SYNC_COMMAND,
        )
    issues = OrderIssue.objects.open().count()
    if issues:
        yield advice(
            f"Open issues of orders: {issues}.",
            next="Filter the orders in the admin by “issues”.",
        )


def _report_other_keys() -> Iterator[Finding]:
    """Report the unpaid orders whose Checkout Session was created with another secret key."""
    unsettled = Order.objects.filter(
        status__in=(Order.Status.PENDING, Order.Status.PROCESSING), amount_paid=0
    )
    others = unsettled.exclude(api_key_digest__in=("", conf.api_key_digest))
    oldest = others.order_by("placed_at").first()
    if oldest is not None:
        yield advice(
            f"Orders placed with another STRIPE_CART_SECRET_KEY that await payment: "
            f"{others.count()}, the oldest ({oldest.number}) since {timesince(oldest.placed_at)}.",
            next="Nothing, if the key was replaced at the same Stripe account. If it is of another "
            "account, payments of these orders are recorded only with the former key.",
        )
