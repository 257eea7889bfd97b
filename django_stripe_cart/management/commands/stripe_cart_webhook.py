"""Create, show or rotate the webhook endpoint at Stripe."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_stripe_cart import gateway
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.gateway import Endpoint
from django_stripe_cart.webhooks.endpoints import (
    endpoint_problems,
    find_default_version,
    webhook_url,
)
from django_stripe_cart.webhooks.processing import EVENT_TYPES


class Command(BaseCommand):
    """The command that manages the webhook endpoint at Stripe."""

    help = "Create, show or rotate the webhook endpoint at Stripe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments of the command."""
        parser.add_argument("action", choices=["create", "status", "rotate", "retire"])
        parser.add_argument(
            "--url", help="the webhook's full URL, if STRIPE_CART_BASE_URL is not set"
        )

    def handle(self, *args: Any, action: str, url: str | None, **options: Any) -> None:
        """Create, show or rotate the endpoint at Stripe, or delete all endpoints but the newest."""
        actions = {
            "create": self._create,
            "status": self._status,
            "rotate": self._rotate,
            "retire": self._retire,
        }
        try:
            actions[action](url or _webhook_url())
        except PaymentError as error:
            raise CommandError(
                f"The request to Stripe failed: {error} {error.stripe_code}".strip()
            ) from error

    def _create(self, url: str) -> None:
        """Create the endpoint, and show its secret."""
        if gateway.list_endpoints(url):
            raise CommandError(
                f"Stripe sends events to {url} already; see status, or rotate its secret."
            )
        self._show_secret(gateway.create_endpoint(url, EVENT_TYPES))

    def _status(self, url: str) -> None:
        """Show the endpoints that have this URL, and what is wrong with each endpoint."""
        endpoints = gateway.list_endpoints(url)
        if not endpoints:
            raise CommandError(f"Stripe has no endpoint at {url}. Next: stripe_cart_webhook create")
        default = find_default_version(endpoints)
        problems = 0
        for endpoint in endpoints:
            self.stdout.write(f"{endpoint.id} since {endpoint.created:%Y-%m-%d %H:%M} at {url}")
            if not endpoint.api_version:
                version = default or "which no event shows yet"
                self.stdout.write(f"  It uses the account's default API version, {version}.")
            for problem in endpoint_problems(endpoint, default_version=default):
                problems += 1
                self.stdout.write(f"  {problem}")
        if problems:
            raise CommandError("Next: stripe_cart_webhook rotate, which creates a new one.")
        self.stdout.write("The endpoint is set up correctly.")

    def _rotate(self, url: str) -> None:
        """Begin to replace the secret: create a second endpoint, and show its secret.

        Stripe then sends each event to both endpoints. This site still processes each event once.
        """
        old = gateway.list_endpoints(url)
        if len(old) > 1:
            raise CommandError("A rotation is in progress. Next: stripe_cart_webhook retire")
        self._show_secret(gateway.create_endpoint(url, EVENT_TYPES))
        if old:
            self.stdout.write(
                "Until every server has it, set both: a list of the new and the old secret.\n"
                "Then: stripe_cart_webhook retire"
            )

    def _retire(self, url: str) -> None:
        """Delete all endpoints that have this URL, except the newest endpoint."""
        for endpoint in gateway.list_endpoints(url)[1:]:
            gateway.delete_endpoint(endpoint.id)
            self.stdout.write(f"{endpoint.id} is deleted, and its secret no longer works.")

    def _show_secret(self, endpoint: Endpoint) -> None:
        """Show the secret of a new endpoint, and where to set it."""
        self.stdout.write(f"Stripe sends events to {endpoint.url} ({endpoint.id}).")
        self.stdout.write("Its secret is shown only once. Set STRIPE_CART_WEBHOOK_SECRET to:")
        self.stdout.write(endpoint.secret)


def _webhook_url() -> str:
    """Return the full URL of this site's webhook. Raises ``CommandError``."""
    url = webhook_url()
    if url is None:
        raise CommandError("Set STRIPE_CART_BASE_URL, or give the full URL with --url.")
    return url
