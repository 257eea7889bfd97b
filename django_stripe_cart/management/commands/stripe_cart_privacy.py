"""Hand over what the shop knows of a person, or forget who they are."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.privacy import (
    anonymize_person,
    export_person,
    orders_elsewhere,
    orders_of,
)


class Command(BaseCommand):
    help = "Export a person's carts and orders as JSON, or anonymize the orders."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["export", "anonymize"])
        parser.add_argument("person", help="an e-mail address, or the name of a user")
        parser.add_argument(
            "--dry-run", action="store_true", help="only say which orders would be anonymized"
        )

    def handle(self, *args: Any, action: str, person: str, dry_run: bool, **options: Any) -> None:
        person = person.strip()
        if action == "export":
            self.stdout.write(json.dumps(export_person(person), indent=2, ensure_ascii=False))
        elif dry_run:
            for order in orders_of(person):
                self.stdout.write(f"{order.reference} would be anonymized")
        else:
            self._anonymize(person)
        for order in orders_elsewhere(person):
            self.stderr.write(f"{order.reference} carries this address, and is another account's.")

    def _anonymize(self, person: str) -> None:
        try:
            orders = anonymize_person(person)
        except StripeCartError as error:
            raise CommandError(f"Nothing was anonymized: {error}") from error
        for order in orders:
            self.stdout.write(f"{order.reference} anonymized")
        self.stdout.write(f"{len(orders)} orders anonymized")
