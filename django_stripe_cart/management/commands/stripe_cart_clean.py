"""Delete abandoned guest carts and old processed webhook events."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from django_stripe_cart.cleaning import (
    clean_guest_carts,
    clean_webhooks,
    old_guest_carts,
    old_webhooks,
)


class Command(BaseCommand):
    """The command that deletes old guest carts and webhook events."""

    help = "Delete abandoned guest carts and old processed webhook events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options of the command."""
        parser.add_argument(
            "--days",
            type=int,
            default=30,
            help="minimum age in days (30); webhook events are kept for at least 31 days",
        )
        parser.add_argument("--dry-run", action="store_true", help="only show how many there are")

    def handle(self, *args: Any, days: int, dry_run: bool, **options: Any) -> None:
        """Delete the old rows, or only count them in a dry run."""
        if not 1 <= days <= 36500:
            raise CommandError("--days must be a number from 1 to 36500.")
        before = timezone.now() - timedelta(days=days)
        if dry_run:
            carts = old_guest_carts(before=before).count()
            webhooks = old_webhooks(before=before).count()
        else:
            carts = clean_guest_carts(before=before)
            webhooks = clean_webhooks(before=before)
        end = "would be deleted" if dry_run else "deleted"
        self.stdout.write(f"{carts} guest carts {end}")
        self.stdout.write(f"{webhooks} processed webhook events {end}")
