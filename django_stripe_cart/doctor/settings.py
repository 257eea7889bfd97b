"""Diagnosis of the settings, by Django's system checks."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage, run_checks

from django_stripe_cart import checks
from django_stripe_cart.doctor.finding import Finding, advice, good, wrong

# Warnings with which checkout or the webhook fails. They are no errors, so that a site without keys
# still starts.
BLOCKING = {
    checks.stripe.NO_KEY.id,
    checks.stripe.NO_SECRET.id,
    checks.stripe.MALFORMED_SECRET.id,
    checks.urls.NO_SHOP.id,
    checks.urls.NO_WEBHOOK.id,
    checks.urls.WEBHOOK_IN_I18N_PATTERNS.id,
    checks.urls.WEBHOOK_SHADOWED.id,
    checks.urls.BASE_URL_REDIRECTS.id,
    checks.environment.NO_AUTHENTICATION.id,
    checks.environment.NO_SESSIONS.id,
    checks.shop.NO_MIGRATIONS.id,
}


def diagnose_settings() -> Iterator[Finding]:
    """Report the messages of the shop's system checks."""
    # Without databases: Django 6 would run the database checks too, which have their own part.
    messages = run_checks(tags=[checks.TAG], databases=[])
    yield from findings_from(messages)
    if not messages:
        yield good("All checks pass.")


def findings_from(messages: list[CheckMessage]) -> Iterator[Finding]:
    """Yield a finding for each message of Django's system checks."""
    for message in messages:
        is_wrong = message.is_serious() or message.id in BLOCKING
        make = wrong if is_wrong and not message.is_silenced() else advice
        yield make(f"{message.msg} ({message.id})", next=str(message.hint or ""))
