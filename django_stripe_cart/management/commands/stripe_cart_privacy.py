"""Export or anonymize a person's data."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from django_stripe_cart.exceptions import StripeCartError
from django_stripe_cart.models import Cart
from django_stripe_cart.privacy import (
    anonymize_person,
    carts_of,
    export_person,
    has_data_about,
    orders_of,
    orders_with_same_email,
)


class Command(BaseCommand):
    help = (
        "Export a person's carts and orders as JSON, or anonymize the orders and delete the carts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["export", "anonymize"])
        parser.add_argument("person", help="an e-mail address or a username")
        parser.add_argument(
            "--dry-run", action="store_true", help="only show what anonymize would do"
        )

    def handle(self, *args: Any, action: str, person: str, dry_run: bool, **options: Any) -> None:
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
        orders = orders_of(person)
        for order in orders:
            self.stdout.write(f"{order.reference} would be anonymized")
        carts = len(carts_of(person))
        self.stdout.write(
            f"{_orders(len(orders))} would be anonymized, and {_carts(carts)} deleted"
        )

    def _anonymize(self, person: str) -> None:
        before = [cart.pk for cart in carts_of(person)]
        try:
            orders = anonymize_person(person)
        except StripeCartError as error:
            raise CommandError(f"Nothing was anonymized: {error}") from error
        for order in orders:
            self.stdout.write(f"{order.reference} anonymized")
        carts = len(before) - Cart.objects.filter(pk__in=before).count()
        self.stdout.write(f"{_orders(len(orders))} anonymized, and {_carts(carts)} deleted")


def _orders(count: int) -> str:
    return f"{count} order{pluralize(count)}"


def _carts(count: int) -> str:
    return f"{count} cart{pluralize(count)}"
