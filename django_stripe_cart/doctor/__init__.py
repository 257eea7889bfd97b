"""Tells in plain words what is set up, what is not, and what to type next."""

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
from django_stripe_cart.gateway import patience

__all__ = ["Finding", "State", "run_all"]

MIGRATE = "python manage.py migrate"

Examination = Callable[[], Iterator[Finding]]

EXAMINATIONS: dict[str, Examination] = {
    "Settings": settings,
    "Stripe account": account,
    "Webhook": webhook,
    "Site": site,
    "Database": database,
    "Orders": orders,
    "E-mail": email,
}


def run_all() -> Iterator[tuple[str, list[Finding]]]:
    """Yield what was found, part by part. Changes nothing, here or at Stripe."""
    for part, examination in EXAMINATIONS.items():
        with patience():
            found = list(_told(examination))
        yield part, found


def _told(examination: Examination) -> Iterator[Finding]:
    """A doctor does not faint: what makes a part fall over is a finding too."""
    try:
        yield from examination()
    except DatabaseError as error:
        yield wrong(f"The database can't answer: {_first_line(error)}", next=MIGRATE)
    except Exception as error:
        yield wrong(f"This could not be looked at: {type(error).__name__}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no word"])[0]
