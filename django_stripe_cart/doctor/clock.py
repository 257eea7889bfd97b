"""Diagnosis of this machine's clock, compared with Stripe's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.utils.timesince import timesince

from django_stripe_cart.conf import conf
from django_stripe_cart.doctor.finding import Finding, good, wrong
from django_stripe_cart.gateway.events import TIMESTAMP_TOLERANCE

# The answer of Stripe has a time in whole seconds, and takes a moment to arrive.
MAX_DIFFERENCE = timedelta(minutes=2)

# For how long Stripe keeps a payment page open (docs.stripe.com/api/checkout/sessions/create).
MIN_LIFETIME, MAX_LIFETIME = timedelta(minutes=30), timedelta(hours=24)


def report_clock(sent_at: datetime | None) -> Iterator[Finding]:
    """Report whether this machine's clock agrees with Stripe's.

    ``sent_at`` is the time at which Stripe sent the response that has just arrived. If it is None,
    nothing is reported.
    """
    if sent_at is None:
        return
    behind = sent_at - datetime.now(UTC)
    if abs(behind) < MAX_DIFFERENCE:
        yield good("This machine's clock agrees with Stripe's.")
        return
    minutes = timedelta(minutes=round(abs(behind) / timedelta(minutes=1)))
    difference = timesince(sent_at - minutes, sent_at)
    direction = "behind" if behind > timedelta(0) else "ahead of"
    yield wrong(
        f"This machine's clock is {difference} {direction} Stripe's: {_describe_effect(behind)}.",
        next=_how_to_set_the_clock(),
    )


def _describe_effect(behind: timedelta) -> str:
    """Return what happens because this machine's clock differs from Stripe's.

    ``behind`` is how far this machine's clock is behind. It is negative if the clock is ahead.
    """
    lifetime = timedelta(minutes=conf.session_minutes) - behind
    effects = {
        "webhooks are refused": abs(behind) > timedelta(seconds=TIMESTAMP_TOLERANCE),
        "Stripe refuses checkouts": not MIN_LIFETIME <= lifetime <= MAX_LIFETIME,
    }
    happens = [effect for effect, is_true in effects.items() if is_true]
    return ", and ".join(happens) or "from 5 minutes on, webhooks are refused"


def _how_to_set_the_clock() -> str:
    """Return what to do if the clocks differ."""
    if not conf.api_base:
        return "sudo timedatectl set-ntp true, or another NTP service; timedatectl shows the state."
    return (
        "If the sandbox's clock was moved: curl -X POST -H 'Content-Type: application/json' "
        f"{conf.api_base}/_sandbox/clock/reset"
    )
