"""The whole demo in one command: the shop, and Stripe in a box beside it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection

from django_stripe_cart.conf import conf
from shop import accounts
from shop.catalog import CATALOG
from shop.processes import ServerFailed, Servers, servers
from shop.settings import DATA_DIR

MANAGE = [sys.executable, str(Path(sys.argv[0]).resolve())]


class Command(BaseCommand):
    help = (
        "Prepares the database, starts the shop and its payment sandbox, and stops both together."
    )
    requires_system_checks: list[str] = []  # only after the messages below, which say more

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Start, look at the storefront, and stop."
        )

    def handle(self, *, check: bool, **options: Any) -> None:
        port, sandbox_port = port_from("PORT", 8000), port_from("SANDBOX_PORT", 8001)
        uses_sandbox = conf.api_base is not None
        if uses_sandbox and port == sandbox_port:
            raise CommandError(f"PORT and SANDBOX_PORT are both {port}: choose two.")
        if conf.livemode:
            raise CommandError("This is a demo, and your key is a live one: use sk_test_… instead.")
        for name, number in {"PORT": port, "SANDBOX_PORT": sandbox_port}.items():
            if name == "PORT" or uses_sandbox:
                require_free(name, number)
        self.check()
        self.say("Preparing the shop …")
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            raise CommandError(f"The database can't be used: {error}") from error
        require_current_tables()
        call_command("seed", stdout=self.stdout)
        try:
            with servers() as together:
                if uses_sandbox:
                    start_sandbox(together, sandbox_port, shop_port=port)
                start_shop(together, port)
                if check:
                    self.look_at_storefront(port)
                else:
                    self.welcome(port)
                    together.wait()
        except ServerFailed as failure:
            raise CommandError(str(failure)) from failure
        except KeyboardInterrupt:
            self.say("\nStopped.")

    def welcome(self, port: int) -> None:
        people = [f"  {who.username} / {who.password}: {who.purpose}" for who in accounts.DEMO]
        self.say(
            "",
            self.style.SUCCESS(f"The shop is open: http://127.0.0.1:{port}/"),
            "Sign in with",
            *people,
            "",
            *(sandbox_note() if conf.api_base else stripe_note(port)),
            "",
            f"E-mails to shoppers become files in {DATA_DIR / 'emails'}",
            f"Ctrl-C stops everything. The data stays in {DATA_DIR}",
        )

    def say(self, *lines: str) -> None:
        self.stdout.write("\n".join(lines))
        self.stdout.flush()

    def look_at_storefront(self, port: int) -> None:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/", timeout=30) as page:
            html = page.read().decode()
        missing = [item.name for item in CATALOG if item.name not in html]
        if missing:
            raise CommandError(f"The storefront does not show: {', '.join(missing)}.")
        self.say(f"The storefront shows all {len(CATALOG)} products.")


def sandbox_note() -> list[str]:
    return [
        f"Payments go to Stripe in a box, {conf.api_base}/: no account, no network, no money.",
        "4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined; any future date, any CVC.",
    ]


def stripe_note(port: int) -> list[str]:
    return [
        "Payments go to Stripe, in test mode. To have its webhooks too, run Stripe's own CLI:",
        f"  stripe listen --forward-to 127.0.0.1:{port}/stripe/webhook/",
        "and start the demo again with the secret it prints: STRIPE_CART_WEBHOOK_SECRET=whsec_…",
    ]


def start_sandbox(together: Servers, port: int, *, shop_port: int) -> None:
    command = ["stripe_sandbox", "--port", str(port), "--name", "Limited Products"]
    command += ["--data", str(DATA_DIR / "sandbox.sqlite3")]
    command += ["--webhook", f"http://127.0.0.1:{shop_port}/stripe/webhook/"]
    command += ["--secret", conf.webhook_secrets[0]]
    together.start("The payment sandbox", [*MANAGE, *command], url=f"http://127.0.0.1:{port}/")


def start_shop(together: Servers, port: int) -> None:
    command = ["runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"]
    together.start("The shop", [*MANAGE, *command], url=f"http://127.0.0.1:{port}/")


def port_from(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CommandError(f"{name} has to be a number from 1 to 65535, not {text!r}.")
    return int(text)


def require_current_tables() -> None:
    """Raise ``CommandError`` if the database was made by an older version of the app.

    Until its first release, the app changes its first migration, which is not applied twice.
    """
    with connection.cursor() as cursor:
        for model in apps.get_app_config("stripe_cart").get_models():
            table = model._meta.db_table
            columns = {field.column for field in model._meta.concrete_fields}
            if columns != find_columns(cursor, table):
                raise CommandError(
                    "The demo's data was made by an older version. Remove it with “make clean”"
                    f" (or drop the database), and start again. It differs in {table}."
                )


def find_columns(cursor: Any, table: str) -> set[str]:
    """Return the names of the table's columns, or an empty set if there is no such table."""
    if table not in connection.introspection.table_names(cursor):
        return set()
    description = connection.introspection.get_table_description(cursor, table)
    return {column.name for column in description}


def require_free(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is not free ({error.strerror}). Choose another: {name}=8010 make demo"
            ) from error
