"""The output of ``stripe_cart_doctor``, and the URLs of a site that is set up."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings
from django.urls import include, path

URL = "https://shop.example/stripe/webhook/"
SHOP = path("shop/", include("django_stripe_cart.urls"))
WEBHOOK = path("stripe/webhook/", include("django_stripe_cart.webhook_urls"))
MAILED = {"DEFAULT_FROM_EMAIL": "shop@shop.example"}


def run_doctor(**settings: Any) -> tuple[str, bool]:
    """Return the output of the doctor, and whether it found no problem."""
    output = StringIO()
    with override_settings(**settings):
        try:
            call_command("stripe_cart_doctor", stdout=output, no_color=True)
        except CommandError as error:
            return f"{output.getvalue()}{error}", False
    return output.getvalue(), True


def problems_in(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines() if line.startswith("  WRONG")]
