"""Diagnose the shop's setup: what works, what does not, and which command to run next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import DatabaseError

from django_stripe_cart.doctor.account import account
from django_stripe_cart.doctor.database import database
from django_stripe_cart.doctor.email import email
from django_stripe_cart.doctor.finding import Finding, State, wrong
from django_stripe_cart.doctor.orders import orders
from django_stripe_cart.doctor.settings import settings
from django_stripe_cart.doctor.site import site
from django_stripe_cart.doctor.webhook import webhook
from django_stripe_cart.gateway import deadline

__all__ = ["Finding", "State", "run_all"]

MIGRATE_COMMAND = "python manage.py migrate"

Part = Callable[[], Iterator[Finding]]

PARTS: dict[str, Part] = {
    "Settings": settings,
    "Stripe account": account,
    "Webhook": webhook,
    "Site": site,
    "Database": database,
    "Orders": orders,
    "E-mail": email,
}


def run_all() -> Iterator[tuple[str, list[Finding]]]:
    """Yield the title and the findings of each part. Changes nothing, here or at Stripe."""
    for title, part in PARTS.items():
        with deadline():
            found = list(_run(part))
        yield title, found


def _run(part: Part) -> Iterator[Finding]:
    """Run one part. An exception is reported as a finding, so that the other parts still run."""
    try:
        yield from part()
    except DatabaseError as error:
        yield wrong(f"The database does not respond: {_first_line(error)}", next=MIGRATE_COMMAND)
    except Exception as error:
        yield wrong(f"This could not be checked: {type(error).__name__}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no message"])[0]
