"""Sync open orders with Stripe, process missed events, and send pending e-mails."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from django_stripe_cart.emails import send_pending_emails
from django_stripe_cart.exceptions import PaymentError, StripeCartError
from django_stripe_cart.models import Order
from django_stripe_cart.payments import SyncResult, sync_open_orders
from django_stripe_cart.webhooks.missed_events import read_missed_events

NUMBER = re.compile(r"#?[0-9a-fA-F]{8}")  # as shown to staff and shoppers


class Command(BaseCommand):
    """The command that syncs open orders with Stripe."""

    help = "Sync open orders and refunds with Stripe, and process missed events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments of the command."""
        parser.add_argument(
            "orders",
            nargs="*",
            metavar="ORDER",
            help="order numbers or references; none for all that are due",
        )
        parser.add_argument("--dry-run", action="store_true", help="only show what would be synced")

    def handle(self, *args: Any, orders: list[str], dry_run: bool, **options: Any) -> None:
        """Sync the named orders; with no names, sync all that are due, and send pending e-mails."""
        selected = [_find_order(name) for name in orders] if orders else None
        count = failed = 0
        for synced in sync_open_orders(selected, dry_run=dry_run):
            count += 1
            failed += self._report(synced, dry_run)
        if dry_run and not count:
            self.stdout.write("No order is overdue for a sync (dry run)")
        if not orders and not dry_run:
            failed += self._process_missed_events()
            self._send_emails()
        if failed:
            raise CommandError(f"{failed} could not be finished; run the command again.")

    def _report(self, synced: SyncResult, dry_run: bool) -> bool:
        """Write a line about the sync of an order, and return whether the sync failed."""
        order = synced.order
        if synced.error is not None:
            self.stderr.write(f"{order.reference} {order.status}: {_describe(synced.error)}")
            return True
        before = synced.status_before
        change = "" if order.status == before else f" -> {order.status}"
        self.stdout.write(f"{order.reference} {before}{' (dry run)' if dry_run else change}")
        return False

    def _process_missed_events(self) -> int:
        """Process the events whose webhooks did not arrive, and return the number of failures."""
        try:
            reading = read_missed_events()
        except PaymentError as error:
            self.stderr.write(f"events: {error}")
            return 1
        if reading.has_gap:
            self.stderr.write(
                "events: Stripe keeps them for 30 days, and the last reading is older."
            )
        self.stdout.write(f"events: {reading.processed} taken, {reading.failed} failed")
        return reading.failed

    def _send_emails(self) -> None:
        """Send the pending e-mails. The next run tries again to send those that fail."""
        for email, was_sent in send_pending_emails():
            what = "sent" if was_sent else "not sent"
            self.stdout.write(f"{email.order.reference} e-mail {email.kind}: {what}")


def _describe(error: Exception) -> str:
    """Return a text about an error for the terminal.

    The message of an exception that is not ours is left out, because it may contain personal data.
    """
    return str(error) if isinstance(error, StripeCartError) else type(error).__name__


def _find_order(name: str) -> Order:
    """Return the order with this number or reference. Raises ``CommandError``."""
    number = name.removeprefix("#").lower()
    field = {"reference__startswith": number} if NUMBER.fullmatch(name) else {"reference": name}
    try:
        found = list(Order.objects.filter(**field).order_by("pk"))
    except ValidationError:
        found = []
    if not found:
        raise CommandError(f"There is no order {name}.")
    if len(found) > 1:
        references = " or ".join(str(order.reference) for order in found)
        raise CommandError(f"{name} is the number of several orders. Which one: {references}?")
    return found[0]
