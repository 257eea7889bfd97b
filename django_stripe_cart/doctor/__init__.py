"""Diagnose the shop's setup: report what works, what does not work, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import DatabaseError

from django_stripe_cart.deadlines import deadline
from django_stripe_cart.doctor.account import diagnose_account
from django_stripe_cart.doctor.database import diagnose_database
from django_stripe_cart.doctor.email import diagnose_email
from django_stripe_cart.doctor.events import diagnose_events
from django_stripe_cart.doctor.finding import Finding, State, wrong
from django_stripe_cart.doctor.orders import diagnose_orders
from django_stripe_cart.doctor.settings import diagnose_settings
from django_stripe_cart.doctor.site import diagnose_urls_and_products
from django_stripe_cart.doctor.webhook import diagnose_webhook

__all__ = ["Finding", "State", "run_all"]

Part = Callable[[], Iterator[Finding]]

PARTS: dict[str, Part] = {
    "Settings": diagnose_settings,
    "Stripe account": diagnose_account,
    "Webhook": diagnose_webhook,
    "Site": diagnose_urls_and_products,
    "Database": diagnose_database,
    "Events": diagnose_events,
    "Orders": diagnose_orders,
    "E-mail": diagnose_email,
}


def run_all() -> Iterator[tuple[str, list[Finding]]]:
    """Diagnose the whole setup, and yield the title and the findings of each part."""
    for title, part in PARTS.items():
        with deadline():
            findings = list(_run_part(part))
        yield title, findings


def _run_part(part: Part) -> Iterator[Finding]:
    """Yield the findings of one part. If the part raises an exception, yield a finding about it."""
    try:
        yield from part()
    except DatabaseError as error:
        yield wrong(
            f"The database does not respond: {_first_line(error)}", next="python manage.py migrate"
        )
    except Exception as error:
        yield wrong(f"This could not be checked: {type(error).__name__}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    """Return the first line of an exception's message."""
    return (str(error).splitlines() or ["no message"])[0]
