"""Sync open orders with Stripe, process missed events, and send pending e-mails."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from django_stripe_cart.deadlines import deadline, seconds_left
from django_stripe_cart.emails import send_pending_emails
from django_stripe_cart.exceptions import PaymentError, StripeCartError
from django_stripe_cart.models import Order
from django_stripe_cart.payments import SyncResult, sync_open_orders
from django_stripe_cart.webhooks.gaps import current_gap, sync_orders_of_gap
from django_stripe_cart.webhooks.missed_events import read_missed_events

SECONDS = 240  # less than the usual five minutes between two runs

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
        parser.add_argument(
            "--seconds",
            type=float,
            default=SECONDS,
            help=f"the longest time to run; the next run goes on (default: {SECONDS})",
        )

    def handle(
        self, *args: Any, orders: list[str], dry_run: bool, seconds: float, **options: Any
    ) -> None:
        """Sync the orders that ``orders`` names. If the list is empty, do all that is due."""
        with deadline(seconds):
            if orders:
                failed = self._sync([_find_order(name) for name in orders], dry_run)
            elif dry_run:
                failed = self._sync(None, dry_run)
            else:
                failed = self._do_all()
        if failed:
            raise CommandError(f"{failed} could not be finished; run the command again.")

    def _do_all(self) -> int:
        """Do all that is due, and return the number of failures.

        Short tasks come first, because the sync of the orders can take all the time. First, pending
        e-mails are sent. Then missed events are processed. They take at most half of the time, so
        that time is left for the orders. Then the orders are synced. The e-mails about them are
        sent at once. If an e-mail could not be sent, the next run tries again.
        """
        self._send_emails()
        with deadline(seconds_left() / 2):
            failed = self._process_missed_events()
        failed += self._sync(None)
        left = Order.objects.overdue().count()
        if left:
            self.stderr.write(f"orders: {left} are left for the next run.")
        return failed + self._sync_orders_of_gap()

    def _sync(self, orders: list[Order] | None, dry_run: bool = False) -> int:
        """Sync ``orders``, and return the number of failures.

        If ``orders`` is None, sync all orders that are due.
        """
        count = failed = 0
        for synced in sync_open_orders(orders, dry_run=dry_run):
            count += 1
            failed += self._report(synced, dry_run)
        if dry_run and not count:
            self.stdout.write("No order is overdue for a sync (dry run)")
        return failed

    def _report(self, synced: SyncResult, dry_run: bool = False) -> bool:
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
        self.stdout.write(
            f"events: {reading.processed} processed, {reading.failed} failed, "
            f"{reading.waiting} waiting for another attempt"
        )
        if not reading.is_complete:
            self.stderr.write("events: not all were read; the next run reads them again.")
        return reading.failed + (not reading.is_complete)

    def _sync_orders_of_gap(self) -> int:
        """Sync the orders whose events may have been missed, and return the number of failures.

        Stripe lists events for 30 days. If older events were missed, the orders are synced instead.
        If some orders are left for the next run, this counts as one failure.
        """
        gap = current_gap()
        if gap is None:
            return 0
        self.stderr.write(
            f"events: those since {gap.gap_since:%Y-%m-%d} were missed, and Stripe keeps events for"
            " 30 days. The paid orders of the last 180 days are synced instead."
        )
        failed = sum(map(self._report, sync_orders_of_gap()))
        if current_gap() is not None:
            self.stderr.write("events: the next run goes on with the next orders.")
            return failed + 1
        if failed:
            self.stderr.write(
                f"events: Stripe does not find {failed} of the orders, see above: they may be of "
                "another account. All others were synced."
            )
        else:
            self.stdout.write("events: all orders were synced, so nothing is missing any more.")
        return failed

    def _send_emails(self) -> None:
        """Send the pending e-mails. If an e-mail can't be sent, the next run tries again."""
        for email, was_sent in send_pending_emails():
            what = "sent" if was_sent else "not sent"
            self.stdout.write(f"{email.order.reference} e-mail {email.kind}: {what}")


def _describe(error: Exception) -> str:
    """Return a text about an error, which is shown in the terminal.

    A ``StripeCartError`` is shown with its message. Any other exception is shown without its
    message, which may contain personal data.
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
