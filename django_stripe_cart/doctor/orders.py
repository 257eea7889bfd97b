"""Diagnosis of the orders and of their sync with Stripe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone
from django.utils.timesince import timesince

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, advice, good, wrong
from django_stripe_cart.models import EventCursor, Order, OrderIssue
from django_stripe_cart.webhooks.gaps import EVENT_RETENTION

SYNC_COMMAND = "python manage.py stripe_cart_sync"
SYNC_OVERDUE = timedelta(days=1)


def diagnose_orders() -> Iterator[Finding]:
    """Report the orders that wait for a payment or a sync, the open issues and the last sync."""
    yield good(f"Orders awaiting payment: {Order.objects.open().count()}.")
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
    yield _report_last_sync()


def _report_last_sync() -> Finding:
    """Report when ``stripe_cart_sync`` finished last."""
    cursor = EventCursor.objects.filter(api_key_digest=conf.api_key_digest).first()
    if cursor is None:
        return advice(
            "stripe_cart_sync has never finished. It finds events whose webhook never arrived.",
            next=f"{SYNC_COMMAND}, and every few minutes by cron.",
        )
    ago = timezone.now() - cursor.seen_until
    text = f"stripe_cart_sync finished {timesince(cursor.seen_until)} ago"
    if ago > EVENT_RETENTION:
        return wrong(f"{text}: Stripe has deleted events older than 30 days.", next=SYNC_COMMAND)
    if ago > SYNC_OVERDUE:
        return advice(f"{text}.", next=f"{SYNC_COMMAND}, and every few minutes by cron.")
    return good(f"{text}.")
