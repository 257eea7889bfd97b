"""Export or anonymize a person's data."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Collection
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.models import Cart, Order
from django_stripe_cart.privacy import (
    anonymize_person,
    carts_of,
    export_person,
    has_data_about,
    orders_of,
    orders_with_same_email,
)


class Command(BaseCommand):
    """The command that exports or anonymizes a person's data."""

    help = (
        "Export a person's carts and orders as JSON, or anonymize the orders and delete the carts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments of the command."""
        parser.add_argument("action", choices=["export", "anonymize"])
        parser.add_argument("person", help="an e-mail address or a username")
        parser.add_argument(
            "--dry-run", action="store_true", help="only show what anonymize would do"
        )

    def handle(self, *args: Any, action: str, person: str, dry_run: bool, **options: Any) -> None:
        """Export or anonymize the data of the person."""
        person = person.strip()
        if not has_data_about(person):
            raise CommandError("There is no data of a person with that name or address.")
        if action == "export":
            self.stdout.write(json.dumps(export_person(person), indent=2, ensure_ascii=False))
        elif dry_run:
            self._show_plan(person)
        else:
            self._anonymize(person)
        for order in orders_with_same_email(person):
            self.stderr.write(f"{order.reference} has this address, but another account.")

    def _show_plan(self, person: str) -> None:
        """Show which orders and carts ``anonymize`` would change, without changing them."""
        self._report(orders_of(person), len(carts_of(person)), "would be anonymized")

    def _anonymize(self, person: str) -> None:
        """Anonymize the person's orders and delete their carts."""
        before = [cart.pk for cart in carts_of(person)]
        try:
            orders = anonymize_person(person)
        except StripeCartError as error:
            raise CommandError(f"Nothing was anonymized: {error}") from error
        carts = len(before) - Cart.objects.filter(pk__in=before).count()
        self._report(orders, carts, "anonymized")

    def _report(self, orders: Collection[Order], carts: int, change: str) -> None:
        """Write a line for each order, and a line with the numbers of orders and carts.

        ``change`` says what was done to the orders, or what would be done to them.
        """
        for order in orders:
            self.stdout.write(f"{order.reference} {change}")
        count = len(orders)
        self.stdout.write(
            f"{count} order{pluralize(count)} {change}, and {carts} cart{pluralize(carts)} deleted"
        )
